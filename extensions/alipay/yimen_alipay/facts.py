"""Alipay's words as facts. https://opendocs.alipay.com/open/82ea786a_alipay.trade.query (trade states)."""

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
    Waiting,
)
from yimen_sdk.money import yuan

PERSON = ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "ACQ.BUYER_NOT_EXIST", "ACQ.BUYER_ERROR", "ACQ.TRADE_NOT_ALLOW_REFUND")


def payment(told: Mapping[str, Any]) -> PaymentFact:
    """What became of a payment. Raises ChannelSilent for words we do not know.

    ``TRADE_CLOSED`` is said of what was never paid, and of what was paid and has all gone back: no money is there.
    """
    state = told.get("trade_status")
    if state in ("TRADE_SUCCESS", "TRADE_FINISHED"):
        return Paid(yuan(str(told["total_amount"])), str(told["trade_no"]))
    if state == "WAIT_BUYER_PAY":
        return Waiting()
    if state == "TRADE_CLOSED":
        return NotPaid("closed")
    raise ChannelSilent(f"Alipay tells of a trade status {state!r}")


def refused_refund(why: str) -> RefundFact:
    """Why a refund was not made."""
    return PersonNeeded(why) if why in PERSON else NotReturned(why)
