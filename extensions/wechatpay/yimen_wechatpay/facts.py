"""WeChat Pay's words as facts. https://pay.weixin.qq.com/doc/v3/merchant/4012791861 (trade states)."""

from collections.abc import Mapping
from typing import Any

from yimen_host.payments.channels.channel import (
    ChannelSilent,
    NotPaid,
    NotReturned,
    Paid,
    PaymentFact,
    PersonNeeded,
    RefundFact,
    Returned,
    Returning,
    Waiting,
)
from yimen_sdk.money import Money

TAKEN = ("SUCCESS", "REFUND")
"""``REFUND``: it was paid, and some of it went back since; our own refunds are asked about by themselves."""
OPEN = ("NOTPAY", "USERPAYING", "ACCEPT")
ENDED = {"CLOSED": "closed", "REVOKED": "closed", "PAYERROR": "declined"}
PERSON = ("NOT_ENOUGH", "USER_ACCOUNT_ABNORMAL", "NO_AUTH")


def payment(told: Mapping[str, Any]) -> PaymentFact:
    """What became of a payment. Raises ChannelSilent for words we do not know."""
    state = told.get("trade_state")
    if state in TAKEN:
        return Paid(_money(told.get("amount"), "total"), str(told.get("transaction_id", "")))
    if state in OPEN:
        return Waiting()
    if state in ENDED:
        return NotPaid(ENDED[state])
    raise ChannelSilent(f"WeChat Pay tells of a trade state {state!r}")


def refund(told: Mapping[str, Any]) -> RefundFact:
    """What became of a refund. Raises ChannelSilent for words we do not know."""
    match told.get("status"):
        case "SUCCESS":
            return Returned()
        case "PROCESSING":
            return Returning()
        case "CLOSED":
            return NotReturned("closed")
        case "ABNORMAL":
            return PersonNeeded("abnormal")
    raise ChannelSilent(f"WeChat Pay tells of a refund status {told.get('status')!r}")


def refused_refund(code: str, status: int) -> RefundFact:
    """Why a refund was not taken in. Raises ChannelSilent when that says nothing about the refund itself."""
    if code in PERSON:
        return PersonNeeded(code.lower())
    if status == 401:
        raise ChannelSilent(f"WeChat Pay does not accept our signature: {code}")
    return NotReturned(code.lower())


def _money(amount: object, field: str) -> Money:
    if not isinstance(amount, dict) or type(amount.get(field)) is not int:
        raise ChannelSilent("WeChat Pay names no amount")
    return Money(amount[field], str(amount.get("currency", "CNY")))
