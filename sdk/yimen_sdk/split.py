"""How an order is divided among a mini-app's merchants, and a refund among those who got of it. Arithmetic only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yimen_sdk.money import Money

SELF = "self"
"""The code of a mini-app's own merchant."""
MAX_PARTS = 16  # with four coupons' three legs each and the payer's own they fit one posting of the ledger
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,28}[a-z0-9])?")


@dataclass(frozen=True)
class Part:
    """What one of your merchants gets of an order, or gives back. ``merchant`` is its code, or ``self``, your own."""

    merchant: str
    amount: Money


def is_code(text: str) -> bool:
    """Whether this can be the code of a sub-merchant 二级商户: 1 to 30 of ``a-z 0-9 -``, and not ``self``."""
    return text != SELF and _CODE.fullmatch(text) is not None


def fault(parts: Sequence[Part], whole: Money) -> str | None:
    """What is wrong with a split of ``whole``, if anything is. No parts at all is no split."""
    if not parts:
        return None
    if len(parts) > MAX_PARTS:
        return f"at most {MAX_PARTS} parts"
    if any(part.merchant != SELF and not is_code(part.merchant) for part in parts):
        return f"each merchant by its code, or {SELF}"
    if len({part.merchant for part in parts}) < len(parts):
        return "each merchant once"
    if any(part.amount.fen <= 0 or part.amount.currency != whole.currency for part in parts):
        return f"each part above zero, in {whole.currency}"
    if sum(part.amount.fen for part in parts) != whole.fen:
        return f"parts that sum to {whole.fen} fen"
    return None


def taken_back(fen: int, left: Mapping[str, int]) -> dict[str, int]:
    """Divide a refund over what each merchant has left of the order, by the largest remainder; nothings left out."""
    shares = in_proportion(fen, list(left.values()))
    return {merchant: share for merchant, share in zip(left, shares, strict=True) if share}


def in_proportion(amount: int, parts: Sequence[int]) -> list[int]:
    """Divide ``amount`` fen, 0 to the sum of ``parts``, so that each share is at most its part and none is lost.

    What rounding leaves over goes one fen each to the largest remainders; of equal ones the earlier part wins.
    """
    whole = sum(parts)
    if not 0 <= amount <= whole:
        raise ValueError(f"{amount} fen cannot be divided over parts that sum to {whole}")
    if not amount:
        return [0] * len(parts)
    shares = [amount * part // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda n: (-(amount * parts[n] % whole), n))
    for n in by_remainder[: amount - sum(shares)]:
        shares[n] += 1
    return shares
