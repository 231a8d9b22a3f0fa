"""The refund form of an order, read whole with every fault at once. Arithmetic only.

Whether the money is still there when it is taken, the database decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yimen_host.core.errors import Invalid
from yimen_host.payments.refunding import MAX_REASON
from yimen_host.payments.typed import Typed
from yimen_sdk.money import Money, yuan
from yimen_sdk.split import Part

TOO_MUCH = "超过还能退的金额"


@dataclass(frozen=True)
class Share:
    """What a merchant got of a split order, and what it has left to give back."""

    merchant: str
    name: str
    amount: Money
    left: Money

    @property
    def field(self) -> str:
        """The name of its field."""
        return f"part-{self.merchant}"


@dataclass(frozen=True)
class Left:
    """What an order has left to give back: the whole, and of a split order each merchant's part."""

    whole: Money
    shares: Sequence[Share] = ()


@dataclass(frozen=True)
class Asked:
    """A refund as it was asked for; no ``split`` leaves it to the rule of splits."""

    amount: Money
    reason: str
    split: tuple[Part, ...] = ()


def read_refund(typed: Mapping[str, str], left: Left) -> Asked:
    """Read the form of an order that has so much left. Raises Invalid."""
    form = Typed(typed)
    amount = form.read("amount", _above_zero, "请输入大于零的金额，例如 50 或 50.00")
    if amount is not None and amount > left.whole:
        form.faults["amount"] = TOO_MUCH
    reason = form.read("reason", _reason, "请填写1至100个字的原因")
    split = _split(typed, form, left.shares)
    if not form.faults and _named(typed, left.shares) and _sum(split) != amount:
        form.faults["split"] = "各商户退回的金额之和要等于退款金额"
    if form.faults:
        raise Invalid("the refund has faults", form.faults)
    assert amount is not None
    assert reason is not None
    return Asked(amount, reason, split)


def named_sum(typed: Mapping[str, str], shares: Sequence[Share]) -> Money:
    """What the amounts that were typed for the merchants come to, those that can be read."""
    return _sum(_split(typed, Typed(typed), shares))


def _split(typed: Mapping[str, str], form: Typed, shares: Sequence[Share]) -> tuple[Part, ...]:
    parts = []
    for share in _named(typed, shares):
        amount = form.read(share.field, _zero_or_more, "请输入金额，例如 50 或 50.00")
        if amount is not None and amount > share.left:
            form.faults[share.field] = TOO_MUCH
        elif amount:
            parts.append(Part(share.merchant, amount))
    return tuple(parts)


def _named(typed: Mapping[str, str], shares: Sequence[Share]) -> list[Share]:
    return [share for share in shares if typed.get(share.field, "").strip()]


def _sum(parts: Sequence[Part]) -> Money:
    return Money(sum(part.amount.fen for part in parts))


def _above_zero(text: str) -> Money:
    amount = yuan(text)
    if amount.fen <= 0:
        raise ValueError(text)
    return amount


def _zero_or_more(text: str) -> Money:
    amount = yuan(text)
    if amount.fen < 0:
        raise ValueError(text)
    return amount


def _reason(text: str) -> str:
    if not 1 <= len(text) <= MAX_REASON:
        raise ValueError(text)
    return text
