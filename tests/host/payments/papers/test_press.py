"""The press: the same facts give the same bytes, and no character vanishes or turns others around."""

import asyncio
import datetime as dt
import io
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, StreamObject
from tests.host.payments.papers.print import words

from yimen_host.core import press as module
from yimen_host.core.errors import TryLater
from yimen_host.core.press import Press, legible
from yimen_host.payments.papers.receipt import Receipt
from yimen_host.payments.papers.sheet import Check, sheet
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import yuan

DAY = dt.date(2026, 11, 22)
NOON = dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC)


def facts(title: str = "一杯茶", payer: str = "王秀英") -> dict[str, Any]:
    """What stands on a receipt."""
    receipt = Receipt(
        "YM1", NOON, "ord_1", False, title, "问候", "茶叶合作社", payer, None, yuan("8.00"), yuan("8.00"), [],
        Bilingual(zh="钱包", en="Wallet"), "att_1", NOON, [],
    )  # fmt: skip
    return sheet(receipt, Check("https://yimen.test/receipts", "yimen.test", "1A2B"), language="zh", say=str)


async def test_the_same_facts_give_the_same_bytes() -> None:
    one, same, other = await asyncio.gather(
        Press().print("receipt.typ", facts(), day=DAY),
        Press().print("receipt.typ", facts(), day=DAY),
        Press().print("receipt.typ", facts("两杯茶"), day=DAY),
    )

    assert one == same
    assert one != other


async def test_a_paper_is_tagged_titled_and_for_keeping() -> None:
    made = PdfReader(io.BytesIO(await Press().print("receipt.typ", facts(), day=DAY)))

    assert made.metadata is not None
    assert (made.metadata.title, made.metadata.author) == ("收款收据 YM1", "一门")
    marks, metadata = made.root_object["/MarkInfo"], made.root_object["/Metadata"]
    assert isinstance(marks, DictionaryObject)
    assert isinstance(metadata, StreamObject)
    assert marks["/Marked"]
    about = metadata.get_data().decode()
    assert ["pdfaid:part>2<" in about, "pdfuaid:part>1<" in about] == [True, True]


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("张㛃", "张㛃"),
        ("龚𬱖", "龚𬱖"),
        ("张𠮷", "张〔U+20BB7〕"),
        ("八元\u202e元百九", "八元〔U+202E〕元百九"),
        ("a\nb", "a〔U+000A〕b"),
        ("#panic() *x* $y$ `z` @a <b> \\", "#panic() *x* $y$ `z` @a <b> \\"),
    ],
)
async def test_a_character_is_printed_or_named(typed: str, printed: str) -> None:
    found = words(await Press().print("receipt.typ", facts(payer=typed), day=DAY))

    assert legible(typed) == printed
    assert printed.replace(" ", "") in found
    assert ("字库中没有的字" in found) == (typed != printed)


async def test_too_many_waiting_are_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    press = Press()
    first = asyncio.create_task(press.print("receipt.typ", facts(), day=DAY))
    await asyncio.sleep(0)

    with pytest.raises(TryLater):
        await press.print("receipt.typ", facts(), day=DAY)

    assert (await first).startswith(b"%PDF-1.7")
