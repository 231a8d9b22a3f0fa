"""Merchants 商户 of a mini-app, and what an application to be one says. Arithmetic only."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal, Self

from yimen_sdk.creditcode import is_credit_code

MAX_NAME = 80
_ACCOUNT = re.compile(r"\d{8,30}", re.ASCII)

MerchantState = Literal["applied", "approved", "refused"]


@dataclass(frozen=True)
class Merchant:
    """A merchant of yours: ``code`` is ``self`` for your own. Orders may name it once it has an ``approved_at``.

    ``applied`` waits for an admin, also where changed details of one that was approved do: it still sells, and is not
    paid out. Of the account only the last four digits are told.
    """

    code: str
    state: MerchantState
    legal_name: str
    credit_code: str
    bank: str
    account_tail: str
    approved_at: dt.datetime | None


@dataclass(frozen=True)
class Application:
    """Who is to be paid, as a business licence 营业执照 and a bank write it."""

    legal_name: str
    credit_code: str
    bank: str
    account: str

    @classmethod
    def read(cls, typed: Mapping[str, str]) -> Self:
        """Read what somebody typed: a code in any case, an account with spaces. What is missing is empty."""
        text = {one.name: typed.get(one.name, "").strip() for one in fields(cls)}
        return cls(
            legal_name=text["legal_name"],
            credit_code=text["credit_code"].upper(),
            bank=text["bank"],
            account=text["account"].replace(" ", ""),
        )

    def wrong(self) -> list[str]:
        """The fields that cannot be right."""
        right = {
            "legal_name": 0 < len(self.legal_name) <= MAX_NAME,
            "credit_code": is_credit_code(self.credit_code),
            "bank": 0 < len(self.bank) <= MAX_NAME,
            "account": _ACCOUNT.fullmatch(self.account) is not None,
        }
        return [name for name, is_right in right.items() if not is_right]

    def told(self) -> dict[str, str]:
        """The fields by name."""
        return asdict(self)
