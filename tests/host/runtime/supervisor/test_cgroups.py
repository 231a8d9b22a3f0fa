"""What the kernel is told of a release's share of the machine."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from yimen_host.runtime.sandbox.confinement import Limits
from yimen_host.runtime.supervisor.cgroups import UNIFIED, ControlGroups, Group

QUOTAS = {
    "cpu": ("cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.cfs_burst_us"),
    UNIFIED: ("cpu.max", "cpu.max.burst"),
}
WEIGHTS = {"cpu": ("cpu.shares", 512, 1024), UNIFIED: ("cpu.weight", 50, 100)}


@pytest.fixture
def groups() -> Iterator[ControlGroups]:
    """Groups of a supervisor of our own."""
    made = ControlGroups.find(f"test-{secrets.token_hex(4)}")
    if not WEIGHTS.keys() & made.controllers:
        pytest.skip("no control group for the processor may be written here")
    yield made
    made.close()


def place(group: Group) -> Path:
    """The directory in which the processor is shared."""
    return next(one for one in (*group.places, *(door.parent for door in group.doors)) if list(one.glob("cpu.*")))


def quota(groups: ControlGroups, group: Group) -> list[str]:
    """What the kernel keeps: quota, period and burst, in microseconds."""
    files = next(files for controller, files in QUOTAS.items() if controller in groups.controllers)
    found = [place(group) / file for file in files]
    return " ".join(file.read_text().strip() for file in found if file.exists()).split()


def test_a_release_has_its_share_in_every_10_ms_and_as_much_again_after_a_rest(groups: ControlGroups) -> None:
    kept = [quota(groups, groups.group("tea", Limits(processor=share), required=True)) for share in (0.5, 2.0, 0.001)]

    burst = len(kept[0]) == 3  # since Linux 5.14
    assert kept == [[each, "10000", *[each] * burst] for each in ("5000", "20000", "1000")]


def test_all_releases_together_weigh_half_of_the_host_and_equally_among_them(groups: ControlGroups) -> None:
    release = place(groups.group("tea", Limits(), required=True))
    file, together, each = next(found for controller, found in WEIGHTS.items() if controller in groups.controllers)

    assert [int((directory / file).read_text()) for directory in (release.parent, release)] == [together, each]


def test_what_a_killed_supervisor_left_is_removed_and_what_a_living_one_holds_is_not(groups: ControlGroups) -> None:
    living = place(groups.group("tea", Limits(), required=True))
    left = [living.parent.with_name(f"{living.parent.name}-{number}") for number in range(2)]
    for directory in left:
        (directory / "tea").mkdir(parents=True)

    ControlGroups.find(f"test-{secrets.token_hex(4)}").close()

    assert [directory.exists() for directory in (living, *left)] == [True, False, False]
