"""The power company 供电公司 as we call it, through the platform's egress."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from yimen_sdk import Host, Money, TryLater, Unknown

BASE = "https://biller.yimen.test"
PAY_SECONDS = 8.0


@dataclass(frozen=True)
class Account:
    """A customer: number 户号, masked holder, masked address."""

    number: str
    holder: str
    address: str


@dataclass(frozen=True)
class Bill:
    """One month's bill as the company states it."""

    period: str
    kwh: int
    amount: Money
    due: dt.date
    paid: bool


class Biller:
    """Queries and payments of one request or event."""

    def __init__(self, host: Host) -> None:
        self._network = host.network

    async def account(self, number: str) -> Account | None:
        """A customer, or None when the company knows no such number. Raises TryLater when it does not answer."""
        answer = await self._get(f"/accounts/{number}")
        return Account(answer["number"], answer["holder"], answer["address"]) if answer else None

    async def bills(self, number: str) -> list[Bill]:
        """The newest bills, the newest first. Raises TryLater."""
        answer = await self._get(f"/accounts/{number}/bills")
        found = answer["bills"] if answer else []
        return [Bill(b["period"], b["kwh"], Money(b["fen"]), dt.date.fromisoformat(b["due"]), b["paid"]) for b in found]

    async def pay(self, sequence: str, number: str, period: str, amount: Money) -> tuple[str, str]:
        """Tell the company of a payment; its outcome and reason. Raises Unknown when no answer comes.

        ``sequence`` is ours and stays the same: the company takes it once however often it is sent.
        """
        body = {"sequence": sequence, "number": number, "period": period, "fen": amount.fen}
        answer = await self._network.fetch("POST", f"{BASE}/payments", json=body, timeout=PAY_SECONDS)
        if answer.status != 200:
            raise Unknown(f"the power company answered {answer.status}")
        told = answer.json()
        return told["outcome"], told["reason"]

    async def outcome(self, sequence: str) -> tuple[str, str] | None:
        """What became of a payment; None when the company never heard of it. Raises TryLater."""
        answer = await self._get(f"/payments/{sequence}")
        return (answer["outcome"], answer["reason"]) if answer else None

    async def reverse(self, sequence: str) -> tuple[str, str]:
        """Tell the company to undo a payment 冲正; its outcome and reason. Raises Unknown, TryLater.

        Tell again until it answers. A payment that it never heard of counts as undone, so that one still on its way
        is refused when it comes.
        """
        answer = await self._network.fetch("POST", f"{BASE}/payments/{sequence}/reverse", json={}, timeout=PAY_SECONDS)
        if answer.status != 200:
            raise Unknown(f"the power company answered {answer.status}")
        told = answer.json()
        return told["outcome"], told["reason"]

    async def _get(self, path: str) -> Any:  # Any: JSON, read by the caller
        try:
            answer = await self._network.fetch("GET", f"{BASE}{path}")
        except Unknown as error:
            raise TryLater("the power company is not answering") from error
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise TryLater(f"the power company answered {answer.status}")
        return answer.json()
