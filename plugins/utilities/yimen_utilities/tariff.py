"""Step tariffs 阶梯电价: from kWh and a tariff to fen, with every step shown. Arithmetic only."""

import datetime as dt
import tomllib
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files

from yimen_sdk import Money

FEN = Decimal(1)


@dataclass(frozen=True)
class Tier:
    """One step: up to so many kWh a year (None: without end), at a price in CNY per kWh."""

    up_to: int | None
    price: Decimal


@dataclass(frozen=True)
class Tariff:
    """A tariff as data: since when, where, from which source, and whether somebody has confirmed it."""

    zh: str
    en: str
    region: str
    effective: dt.date
    confirmed: bool
    source: str
    year_starts: int
    tiers: tuple[Tier, ...]


@dataclass(frozen=True)
class Step:
    """The part of a month's use that fell into one tier."""

    tier: int
    kwh: int
    price: Decimal
    cost: Decimal


@dataclass(frozen=True)
class Charge:
    """What a month costs, and how it came about."""

    steps: tuple[Step, ...]
    amount: Money


def charge(tariff: Tariff, *, before: int, kwh: int) -> Charge:
    """Price ``kwh`` used after ``before`` kWh of the same tariff year; the sum is rounded once, half up, to fen.

    Raises ValueError for negative use.
    """
    if before < 0 or kwh < 0:
        raise ValueError(f"use cannot be negative: {before}, {kwh}")
    steps, start, end = [], before, before + kwh
    floor = 0
    for number, tier in enumerate(tariff.tiers, 1):
        ceiling = end if tier.up_to is None else min(end, tier.up_to)
        inside = ceiling - max(start, floor)
        if inside > 0:
            steps.append(Step(number, inside, tier.price, inside * tier.price))
        if tier.up_to is None or end <= tier.up_to:
            break
        floor = tier.up_to
    exact = sum((step.cost for step in steps), Decimal(0))
    return Charge(tuple(steps), Money(int((exact * 100).quantize(FEN, ROUND_HALF_UP))))


def used_before(used: dict[str, int], period: str, tariff: Tariff) -> int:
    """The kWh of the same tariff year before a period such as ``2026-10``."""
    start = _year_of(period, tariff.year_starts)
    return sum(kwh for other, kwh in used.items() if start <= other < period)


def load(name: str = "guizhou-residential-power") -> Tariff:
    """Read a tariff that ships with this mini-app."""
    data = tomllib.loads(files("yimen_utilities").joinpath("tariffs", f"{name}.toml").read_text("utf-8"))
    return Tariff(
        zh=data["name"]["zh"],
        en=data["name"]["en"],
        region=data["region"],
        effective=data["effective"],
        confirmed=data["confirmed"],
        source=data["source"],
        year_starts=data["year_starts"],
        tiers=tuple(Tier(tier.get("up_to"), Decimal(tier["price"])) for tier in data["tiers"]),
    )


def _year_of(period: str, first_month: int) -> str:
    year, month = map(int, period.split("-"))
    return f"{year if month >= first_month else year - 1:04}-{first_month:02}"
