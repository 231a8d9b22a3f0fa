"""Every promise holds in every history, and a simulator that could not find a bug would be found itself."""

import gc
import logging
from collections.abc import Iterator

import pytest

from tests.conftest import new_database
from tests.simulation import utility
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.run import run

HISTORIES = 20  # for each of two workers; many more with ``python -m tests.simulation``
PATIENCE = 100
"""Histories in which a planted bug must show."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """A process that dies complains of nothing."""
    logging.disable(logging.CRITICAL)
    yield
    gc.collect()  # its tasks, whose ends nobody asked about
    logging.disable(logging.NOTSET)


@pytest.mark.filterwarnings("ignore")  # what a dead process leaves behind is collected later
@pytest.mark.parametrize("first", [0, HISTORIES])
async def test_no_history_breaks_a_promise(migrated_url: str, first: int) -> None:
    utility.install(migrated_url)
    report = await run(migrated_url, range(first, first + HISTORIES))

    assert report.broken == {}
    assert (report.histories, report.crashes > HISTORIES // 2) == (HISTORIES, True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
async def test_a_planted_bug_is_caught(migrated_url: str, mutant: Mutant) -> None:
    utility.install(migrated_url)
    with mutant.planted():
        report = await run(migrated_url, range(mutant.seed, mutant.seed + PATIENCE), stop_at_first=True)

    assert len(report.broken) == 1, f"{PATIENCE} histories and nothing was found"


async def test_a_seed_lives_the_same_history_again_whatever_came_before_it(owner: str, migrated: str) -> None:
    traces = []

    for seeds in (range(5), reversed(range(5))):
        for url in new_database(owner, template=migrated):
            utility.install(url)
            traces.append((await run(url, seeds, keep=True)).traces)

    assert traces[0] == traces[1]
    assert len(traces[0]) == 5
