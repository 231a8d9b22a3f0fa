"""The sandbox: a register of a fictional population and a sender that keeps its messages. For development only."""

import datetime as dt
from dataclasses import dataclass

from stdnum.cn import ric

from yimen_host.core.services import Services
from yimen_host.identity.models import SandboxMessageRow
from yimen_host.identity.realname import Answer, Claim

_FAMILY = "王李张刘陈杨黄吴赵周徐孙马朱胡林郭何高罗"
_GIVEN = ("秀英", "建国", "丽华", "志强", "小梅", "明", "桂芳", "海涛", "雨欣", "子涵")
_PLACES = ("520102", "520103", "520111", "520113", "520302", "520402", "522301", "522601")


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist. The order digits 996 to 999 are given to nobody of these ages."""

    name: str
    number: str


class SandboxAuthority:
    """Answers from the fictional register."""

    name = "沙箱实名核验"
    sandbox = True

    def __init__(self) -> None:
        self._register = {person.number: person.name for person in population()}

    async def check(self, claim: Claim) -> Answer:
        """Compare with the fictional register."""
        known = self._register.get(claim.number.value)
        if known is None:
            return Answer.UNKNOWN_NUMBER
        return Answer.MATCH if known == claim.name else Answer.NAME_DIFFERS


class SandboxSender:
    """Keeps text messages for the development inbox instead of sending them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def send(self, phone: str, text: str) -> None:
        """Keep a message."""
        async with self._services.database.transaction() as session:
            session.add(
                SandboxMessageRow(
                    id=self._services.ids.new("msg"), phone=phone, text=text, sent_at=self._services.clock.now()
                )
            )


def population() -> tuple[Person, ...]:
    """Two hundred fictional people, always the same."""
    return tuple(_person(index) for index in range(200))


def _person(index: int) -> Person:
    name = _FAMILY[index % len(_FAMILY)] + _GIVEN[index // len(_FAMILY)]
    birth = dt.date(1940, 1, 1) + dt.timedelta(days=index * 117 + 31)
    body = f"{_PLACES[index % len(_PLACES)]}{birth:%Y%m%d}{996 + index % 4}"
    return Person(name, body + ric.calc_check_digit(body + "0"))
