"""Money: whole fen with a currency. Knows arithmetic and how it is written; knows no rates and no rounding rules."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

MAX_FEN = 10**13  # 100 billion yuan: past any bill, inside a 64-bit column even when a day of them is summed
_WRITTEN = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?")


@dataclass(frozen=True, order=False)
class Money:
    """An amount in the smallest unit of its currency (fen 分 for CNY), from -10**13 to 10**13.

    Raises ValueError when the amount is out of range and TypeError when it is not a whole number.
    """

    fen: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        if type(self.fen) is not int:
            raise TypeError(f"money is a whole number of fen, not {self.fen!r}: use yuan('8.00')")
        if abs(self.fen) > MAX_FEN:
            raise ValueError(f"{self.fen} fen is more money than one amount may hold")

    def __str__(self) -> str:
        sign = "-" if self.fen < 0 else ""
        whole, part = divmod(abs(self.fen), 100)
        return f"{sign}{whole:,}.{part:02}"

    def __add__(self, other: Self) -> Self:
        return type(self)(self.fen + self._same(other).fen, self.currency)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.fen - self._same(other).fen, self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.fen, self.currency)

    def __mul__(self, count: int) -> Self:
        return type(self)(self.fen * count, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.fen < self._same(other).fen

    def __le__(self, other: Self) -> bool:
        return self.fen <= self._same(other).fen

    def __gt__(self, other: Self) -> bool:
        return self.fen > self._same(other).fen

    def __ge__(self, other: Self) -> bool:
        return self.fen >= self._same(other).fen

    def __bool__(self) -> bool:
        return self.fen != 0

    @property
    def decimal(self) -> Decimal:
        """The amount in yuan, exact."""
        return Decimal(self.fen) / 100

    @property
    def plain(self) -> str:
        """The amount in yuan without grouping, as machines write it: ``1234.50``."""
        return f"{self.decimal:.2f}"

    def _same(self, other: Self) -> Self:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return other


def yuan(written: str) -> Money:
    """Read an amount of CNY written in yuan, such as ``"8.00"`` or ``"0.5"``.

    Raises ValueError when it is not a plain decimal number of at most two places.
    """
    if not isinstance(written, str) or not _WRITTEN.fullmatch(written):
        raise ValueError(f"{written!r} is not an amount in yuan such as '8.00'")
    return Money(int(Decimal(written) * 100))
