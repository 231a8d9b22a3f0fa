"""The terms that an admin agrees to with a merchant, as typed: read whole, with every fault at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from yimen_host.core.errors import Invalid
from yimen_host.payments.typed import Typed, within
from yimen_sdk.manifest.category import Category

LIMITS = {"fee_bp": (0, 2000), "reserve_bp": (0, 5000), "reserve_days": (1, 365), "settle_days": (1, 30)}
"""What each term may be: basis points of an order, basis points kept back, days."""
MAX_REGIONS = 30
_REGION = re.compile(r"\d{6}")


@dataclass(frozen=True)
class Terms:
    """``kind`` is the merchant's class and ``regions`` where it serves (GB/T 2260, 000000 is the whole country)."""

    kind: str
    regions: tuple[str, ...]
    fee_bp: int
    reserve_bp: int
    reserve_days: int
    settle_days: int


def read_terms(typed: Mapping[str, str]) -> Terms:
    """Read what an admin typed. Raises Invalid."""
    form = Typed(typed)
    kind = form.read("kind", lambda text: Category(text).value, "请选择商户类别")
    regions = form.read("regions", _regions, "请填写6位行政区划代码，用空格分开；全国为000000")
    numbers = {name: form.read(name, within(*limits), "请填写允许范围内的整数") for name, limits in LIMITS.items()}
    if form.faults:
        raise Invalid("the terms have faults", form.faults)
    assert kind is not None
    assert regions is not None
    return Terms(kind, regions, **{name: number for name, number in numbers.items() if number is not None})


def _regions(text: str) -> tuple[str, ...]:
    codes = sorted({*re.split(r"[\s,，、]+", text)} - {""})
    if not 1 <= len(codes) <= MAX_REGIONS or not all(map(_REGION.fullmatch, codes)):
        raise ValueError(text)
    return tuple(codes)
