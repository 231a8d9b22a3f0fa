"""The terms of a campaign: what a coupon is worth, who may claim it, where and when it may be used."""

import datetime as dt
from dataclasses import dataclass

from yimen_sdk.money import Money


@dataclass(frozen=True)
class Terms:
    """What was planned and approved; nothing of it changes afterwards.

    ``resident_regions`` and ``merchant_regions`` are GB/T 2260 codes without their trailing zeros, so that a code's
    beginning is the region around it: 52 is Guizhou, 5201 Guiyang. None at all is everywhere. ``stack_group``: an
    order takes one coupon of each group.
    """

    title: str
    department: str
    face: Money
    threshold: Money
    stock: int
    budget: Money
    day_stock: int | None
    per_person: int
    resident_regions: tuple[str, ...]
    merchant_regions: tuple[str, ...]
    merchant_classes: tuple[str, ...]
    stack_group: str
    claim_from: dt.datetime
    claim_until: dt.datetime
    use_from: dt.datetime
    use_until: dt.datetime


def region_prefix(code: str) -> str:
    """A six-digit code without the zeros that only fill it: 520000 is 52, 520100 is 5201; the country is empty."""
    if code == "000000":
        return ""
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    return code
