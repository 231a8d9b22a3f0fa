"""What a migration may take away while other releases serve."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.host.village import Village

from yimen_host.runtime.contracting import refusal
from yimen_host.runtime.installs import Installs
from yimen_registry import ReleaseUnfit
from yimen_registry.testing import Town
from yimen_registry.testing.town import Clock, found_town
from yimen_registry.testing.wheels import WheelDraft

ADDS = """
CREATE TABLE cup (n int); ALTER TABLE leaf ADD COLUMN weight int; -- drop table cup
ALTER TABLE leaf ALTER COLUMN weight DROP NOT NULL; INSERT INTO cup VALUES ('drop table leaf');
DROP INDEX leaf_weight; /* rename it later */
"""


@pytest.mark.parametrize("others", [[], ["1.0.0"]])
def test_adding_is_always_fine(others: list[str]) -> None:
    assert refusal(ADDS, others) == ""


@pytest.mark.parametrize(
    "taking",
    [
        "DROP TABLE cup", "drop  table if exists cup", "ALTER TABLE leaf DROP COLUMN weight",
        "ALTER TABLE leaf DROP weight", "ALTER TABLE leaf RENAME COLUMN weight TO grams",
        "ALTER TABLE leaf RENAME TO l",
        "ALTER TABLE leaf ALTER COLUMN weight TYPE text", "ALTER TABLE leaf ALTER COLUMN weight SET DATA TYPE text",
        "ALTER TABLE leaf ALTER COLUMN weight SET NOT NULL", "TRUNCATE cup", "DROP/**/TABLE cup",
    ],
)  # fmt: skip
def test_taking_away_waits_for_the_versions_that_use_it(taking: str) -> None:
    marked = f"-- unused since 2.0.0\n{taking}"

    assert refusal(taking, []) == ""
    assert refusal(taking, ["2.0.0"]).startswith("takes something away while 2.0.0 serves too")
    assert refusal(marked, ["2.0.0", "2.1.0"]) == ""
    assert refusal(marked, ["2.0.0", "1.9.0"]) == "takes away what 1.9.0 still uses; retire that first"
    assert refusal(marked, ["2.0.0rc1"]) == "takes away what 2.0.0rc1 still uses; retire that first"


CUPS = ("yimen_greeting/migrations/0001_cups.sql", "CREATE TABLE cup (n int, old int)")
FEWER = ("yimen_greeting/migrations/0002_fewer.sql", "-- unused since 1.1.0\nALTER TABLE cup DROP COLUMN old")


async def test_nobody_is_sent_back_to_a_version_that_needs_what_is_gone(here: Village, tmp_path: Path) -> None:
    town = await found_town(here.node.registry, tmp_path, Clock())
    draft = WheelDraft().adding(*CUPS)
    await served(here, town, "1.0.0", draft)
    await served(here, town, "1.1.0", draft)
    back = await town.registry.roll_back("greeting", by="rui", reason="it is possible now", to="1.0.0")
    assert back is not None
    await town.registry.release("greeting", "1.1.0", stage="live", by="rui")
    await served(here, town, "1.2.0", draft.adding(*FEWER))
    before = await town.states()

    told = []
    for move in (
        town.registry.roll_back("greeting", by="rui", reason="wrong", to="1.0.0"),
        town.registry.release("greeting", "1.0.0", stage="gray", by="rui", percent=5),
        town.registry.release("greeting", "1.0.0", stage="live", by="rui"),
    ):
        with pytest.raises(ReleaseUnfit) as refused:
            await move
        told.append(str(refused.value))

    assert set(told) == {
        "greeting 1.0.0 cannot serve any more: migration 0002_fewer.sql took away what versions before 1.1.0 use. "
        "Go to 1.1.0 or later, or release a version that does without it"
    }
    assert (back.version, await town.states()) == ("1.0.0", before)
    back = await town.registry.roll_back("greeting", by="rui", reason="wrong", to="1.1.0")
    assert back is not None
    assert back.version == "1.1.0"


async def served(here: Village, town: Town, version: str, draft: WheelDraft) -> None:
    """Bring a version to everybody, and install it as a host does that hears of it."""
    await town.approved(version, replace(draft, version=version))
    await town.registry.release("greeting", version, stage="live", by="rui")
    (record,) = await town.registry.live_releases()
    assert record.version == version
    await Installs(here.services).install("greeting", record.tree, record.module, version=version)
