"""The made households: number, holder, address, and a meter reading for every month since 2023, always the same."""

import datetime as dt
import random
from dataclasses import dataclass
from functools import lru_cache

HOUSEHOLDS = 320
FIRST_MONTH = dt.date(2023, 1, 1)
NUMBER_PREFIX = "0520100"
_FAMILY = "王李张刘陈杨黄吴赵周"
_STREETS = ("中华南路", "瑞金北路", "花果园大街", "文昌北路", "北京路", "黔灵东路", "遵义中路", "甲秀南路")


@dataclass(frozen=True)
class Household:
    """One customer 户: a number 户号 of ten digits, the masked holder, the masked address."""

    number: str
    holder: str
    address: str


@lru_cache
def households() -> dict[str, Household]:
    """All customers by number."""
    return {made.number: made for made in map(_household, range(1, HOUSEHOLDS + 1))}


@lru_cache(maxsize=HOUSEHOLDS)
def usage(number: str, until: dt.date) -> dict[str, int]:
    """The kWh of every whole month before ``until``, by period such as ``2026-10``."""
    chance = random.Random(number)  # noqa: S311 - made data, always the same
    level = chance.choice((120, 180, 240, 320, 460))
    used: dict[str, int] = {}
    month = FIRST_MONTH
    while month < until.replace(day=1):
        season = 1.45 if month.month in (12, 1, 2) else 1.3 if month.month in (7, 8) else 1.0
        used[f"{month:%Y-%m}"] = round(level * season * chance.uniform(0.82, 1.2))
        month = (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return used


def _household(index: int) -> Household:
    chance = random.Random(index)  # noqa: S311 - made data, always the same
    street = chance.choice(_STREETS)
    return Household(
        number=f"{NUMBER_PREFIX}{index:03}",
        holder=chance.choice(_FAMILY) + "*" * chance.choice((1, 2)),
        address=f"贵阳市{street}***号{chance.randint(1, 30)}栋",
    )
