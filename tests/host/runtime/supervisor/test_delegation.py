"""Whose group of version 2 is ours. The files are a kernel's in name only: what a kernel does with them is in 0088."""

import os
from pathlib import Path

import pytest

from yimen_host.runtime.sandbox.reasons import GROUP_OF_SYSTEMD, NOT_HANDED_DOWN
from yimen_host.runtime.supervisor.delegation import LEAF, NotDelegated, delegated

ALL = "cpuset cpu io memory pids"


def group(place: Path, *, controllers: str = ALL, handed_down: str = "", processes: str = "") -> Path:
    """A group's files."""
    place.mkdir(parents=True)
    for name, content in (("controllers", controllers), ("subtree_control", handed_down), ("procs", processes)):
        (place / f"cgroup.{name}").write_text(content)
    return place


def marked(place: Path) -> Path:
    """As systemd marks the group of a unit with Delegate=yes."""
    try:
        os.setxattr(place, "user.delegate", b"1")
    except OSError:
        pytest.skip("this file system keeps no attributes")
    return place


def test_a_group_that_hands_down_is_used_as_it_is(tmp_path: Path) -> None:
    own = group(tmp_path / "ours", handed_down=ALL)

    assert delegated(own) == own
    assert not (own / LEAF).exists()


def test_a_process_that_was_moved_into_the_leaf_makes_groups_beside_it(tmp_path: Path) -> None:
    own = group(tmp_path / "yimen.service", handed_down="cpu memory pids")
    leaf = group(own / LEAF, controllers="cpu memory pids", processes="7")

    assert delegated(leaf) == own


@pytest.mark.parametrize("mark", [marked, None])
def test_a_group_of_ours_is_made_to_hand_down(tmp_path: Path, mark: object) -> None:
    own = group(tmp_path / ("yimen.service" if mark else "container"))
    if mark:
        marked(own)

    assert delegated(own) == own
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_without_the_processor_the_rest_is_handed_down(tmp_path: Path) -> None:
    own = group(tmp_path / "ours", controllers="memory pids")

    delegated(own)

    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_unit_that_is_systemds_is_left_alone_and_said(tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("a directory of an ordinary user's is delegated to that user")
    own = group(tmp_path / "yimen.service", processes="7")

    with pytest.raises(NotDelegated) as told:
        delegated(own)

    assert told.value.why == GROUP_OF_SYSTEMD.said(unit="yimen.service")
    assert (own / "cgroup.subtree_control").read_text() == ""
    assert not (own / LEAF).exists()


def test_controllers_that_are_missing_are_named(tmp_path: Path) -> None:
    own = group(tmp_path / "ours", controllers="cpu hugetlb")

    with pytest.raises(NotDelegated) as told:
        delegated(own)

    assert told.value.why == NOT_HANDED_DOWN.said(controllers="memory, pids", group=own)
