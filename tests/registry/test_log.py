"""The log: whoever changes, removes, adds or moves an entry is found out; the database lets nobody do it."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from yimen_registry.log.chain import GENESIS, Entry, LogBroken, sealed, verify
from yimen_registry.testing import START, Town


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(1, length + 1):
        previous = entries[-1].hash if entries else GENESIS
        details = {"n": number, "中": "文"}
        entries.append(sealed(number, START, actor="mei", act="test", thing="x", details=details, previous=previous))
    return entries


def test_an_untouched_log_verifies() -> None:
    entries = chain(5)

    assert verify(entries) == entries[-1].hash
    assert verify(entries[3:], after=3, previous=entries[2].hash) == entries[-1].hash


@given(st.data())
def test_every_alteration_of_the_log_is_found(data: st.DataObject) -> None:
    entries = chain(6)
    at = data.draw(st.integers(0, 4))
    how = data.draw(st.sampled_from(["actor", "act", "thing", "details", "removed", "moved", "added", "hash"]))
    match how:
        case "removed":
            del entries[at]
        case "moved":
            entries[at], entries[at + 1] = entries[at + 1], entries[at]
        case "added":
            entries.insert(at, entries[at])
        case "details":
            entries[at] = replace(entries[at], details={"n": 0})
        case field:
            entries[at] = replace(entries[at], **{field: "other"})  # type: ignore[arg-type]  # only text fields

    with pytest.raises(LogBroken):
        verify(entries)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry.log_entry SET actor = 'x'",
        "DELETE FROM registry.log_entry",
        "TRUNCATE registry.log_entry",
    ],
)
async def test_the_database_itself_keeps_the_log(town: Town, engine: AsyncEngine, statement: str) -> None:
    before = await town.registry.log()

    with pytest.raises(DBAPIError, match="written once"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))

    assert await town.registry.log() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry.log_entry SET actor = 'x' WHERE number = 1",
        "DELETE FROM registry.log_entry WHERE number = 2",
        "DELETE FROM registry.log_entry WHERE number = 1",
    ],
)
async def test_who_gets_around_the_database_is_found_out(town: Town, engine: AsyncEngine, statement: str) -> None:
    assert await town.registry.verify_log() == 2

    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE registry.log_entry DISABLE TRIGGER written_once"))
        await connection.execute(text(statement))

    with pytest.raises(LogBroken):
        await town.registry.verify_log()


async def test_acts_at_once_make_one_chain(town: Town) -> None:
    await asyncio.gather(
        *(town.registry.create_publisher(name=f"publisher-{n}", title="x", owner="an") for n in range(12))
    )

    assert await town.registry.verify_log() == 14
    assert [entry.number for entry in await town.registry.log()] == list(range(1, 15))
    assert [entry.number for entry in await town.registry.latest_log(limit=2)] == [14, 13]
    of_one = await town.registry.latest_log(thing=town.publisher.id)
    assert [(entry.number, entry.act) for entry in of_one] == [(2, "token.issued"), (1, "publisher.founded")]


async def test_no_secret_is_in_the_log(town: Town) -> None:
    assert town.secret not in repr(await town.registry.log())
