"""What was acknowledged survives kill -9 of the process and of the database."""

from pathlib import Path

import pytest
from tests.faults.killing import rounds
from tests.faults.whole import VICTIMS, whole_rounds


@pytest.mark.parametrize("seed", [1])
def test_what_was_acknowledged_survives_kill_nine(tmp_path: Path, seed: int) -> None:
    report = rounds(tmp_path, kills=4, seed=seed)

    assert report.kills == 4
    assert report.acknowledged > 0
    assert (report.lost, report.faults) == ([], [])


async def test_customers_of_a_whole_host_lose_nothing_whatever_dies(tmp_path: Path) -> None:
    report = await whole_rounds(tmp_path, kills=len(VICTIMS), seed=1)

    assert report.kills == len(VICTIMS)
    assert (report.lost, report.faults) == ([], [])
