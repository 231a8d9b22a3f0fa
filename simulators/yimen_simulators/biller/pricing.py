"""What the power company charges, computed its own way, so that whoever recomputes it has something to differ from."""

from decimal import ROUND_HALF_UP, Decimal

# Guizhou residential power, annual tiers; sample figures, unconfirmed. Upper bound in kWh a year, CNY a kWh.
TIERS = ((2200, Decimal("0.4556")), (4000, Decimal("0.5056")), (None, Decimal("0.7556")))


def fen_for(before: int, kwh: int) -> int:
    """The price in fen of ``kwh`` used after ``before`` kWh of the same calendar year."""
    exact = _total(before + kwh) - _total(before)
    return int((exact * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _total(kwh: int) -> Decimal:
    total, floor = Decimal(0), 0
    for bound, price in TIERS:
        ceiling = kwh if bound is None else min(kwh, bound)
        if ceiling > floor:
            total += (ceiling - floor) * price
            floor = ceiling
    return total
