"""Every kind of finding says itself in both languages, from the values that it has."""

from collections.abc import Iterator
from dataclasses import fields
from operator import attrgetter
from string import Formatter

import pytest

from yimen_host.runtime.complaints import ATTACKS_LATE
from yimen_host.runtime.contract import Concern, Remark
from yimen_host.runtime.health import database, isolation, looking, machine, processes, waiting
from yimen_host.runtime.health.attacks import CHINESE
from yimen_host.runtime.health.finding import Finding, Said
from yimen_host.runtime.health.isolation import Noted
from yimen_host.runtime.probes.table import BY_NAME
from yimen_sdk.bilingual import Bilingual

MODULES = {module.__name__ for module in (database, isolation, looking, machine, processes, waiting)}


def all_of(kind: type[Finding]) -> Iterator[type[Finding]]:
    """Every kind below this one that is looked for."""
    for below in kind.__subclasses__():
        yield from all_of(below)
        if below.__module__ in MODULES and not below.__name__.startswith("_"):
            yield below


def places(words: Bilingual, language: str) -> set[str]:
    """What a text takes in."""
    return {name for _, name, _, _ in Formatter().parse(words.in_(language)) if name}


@pytest.mark.parametrize("kind", sorted(all_of(Finding), key=attrgetter("__name__")), ids=attrgetter("__name__"))
def test_both_languages_take_in_the_same_values(kind: type[Finding]) -> None:
    texts = [words for words in (kind.of, kind.told, kind.advice) if words]

    assert [places(words, "zh") for words in texts] == [places(words, "en") for words in texts]
    assert set().union(*(places(words, "en") for words in texts)) == {field.name for field in fields(kind)}


def test_every_attack_is_told_in_chinese_too() -> None:
    assert sorted(CHINESE) == sorted(BY_NAME)


def test_an_attack_that_was_not_tried_says_why() -> None:
    remark = isolation.phrase(Remark(Concern.BROKEN, "connect-tcp", "it did not end in time"))

    assert [Noted(remark).say(language) for language in ("zh", "en")] == [
        Said("隔离说明", "攻击 connect-tcp 没有试成，按成功计：以 TCP 连接本机的服务。it did not end in time", ""),
        Said(
            "Note on isolation", "probe connect-tcp is broken, so it counts as open: "
            "Connect to a service of the machine over TCP. it did not end in time", "",
        ),
    ]  # fmt: skip


def test_a_canary_that_did_not_come_back_says_why() -> None:
    remark = isolation.phrase(Remark(Concern.NO_CANARY, why=(ATTACKS_LATE.said(),)))

    assert [remark.in_(language) for language in ("zh", "en")] == [
        "试探没有结果：试探没有及时结束",
        "no canary came back: its attacks did not end in time",
    ]
