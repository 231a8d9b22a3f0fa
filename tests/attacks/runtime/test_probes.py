"""What a hostile process can do at each level, and that every probe would notice if it could."""

from pathlib import Path

import pytest
from tests.attacks.runtime.conftest import at_level, controls, single_layers

from yimen_host.runtime.probes import document
from yimen_host.runtime.probes.probe import Finding, Outcome, Probe
from yimen_host.runtime.probes.table import BY_NAME, PROBES, level_shown, opened
from yimen_host.runtime.sandbox.guards import Guard

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "isolation.md"
EACH = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)


@pytest.mark.parametrize("level", [4, 3])
def test_nothing_succeeds_at_the_upper_levels(level: int) -> None:
    results = at_level(level)

    [findings] = results.findings
    assert results.level == level_shown(results.level, findings) == level
    assert opened(findings) == []
    assert [finding.probe for finding in findings] == [probe.name for probe in PROBES]


def test_level_2_opens_exactly_what_the_page_says() -> None:
    results = at_level(2)

    [findings] = results.findings
    assert results.level == level_shown(results.level, findings) == 2
    assert {finding.probe for finding in opened(findings)} == {
        probe.name for probe in PROBES if not probe.is_stopped_at(2)
    }


def test_there_are_at_least_sixty_probes_that_can_succeed() -> None:
    [findings] = at_level(0).findings

    assert len([finding for finding in findings if finding.outcome is Outcome.OPEN]) >= 60
    assert [finding for finding in findings if finding.outcome is Outcome.BROKEN] == []


@EACH
def test_a_probe_succeeds_when_its_layers_are_off(probe: Probe) -> None:
    finding = controls()[probe.name, probe.stopped_by]

    needs_this_machine = not probe.stopped_by <= frozenset(Guard)
    if finding.outcome is not Outcome.OPEN and needs_this_machine and _cannot_succeed_here(probe):
        pytest.skip(f"this machine does not offer it to anybody: {finding.how}")
    assert finding.outcome is Outcome.OPEN, finding.how


@EACH
def test_each_that_is_named_stops_a_probe_alone(probe: Probe) -> None:
    outcomes = {one: single_layers()[probe.name, probe.stopped_by - {one}].outcome for one in probe.stopped_by}

    assert {one for one, outcome in outcomes.items() if outcome in (Outcome.OPEN, Outcome.BROKEN)} == set()


def test_the_page_shows_every_probe() -> None:
    page = PAGE.read_text()

    assert page == document.renewed(page)


def test_a_probe_that_opens_takes_the_level_away() -> None:
    [findings] = at_level(0).findings
    read = [finding for finding in findings if finding.probe == "read-host-file"]
    exists = [finding for finding in findings if finding.probe == "learn-that-file-exists"]

    loud = [Finding("flood-log", Outcome.OPEN, "")]

    assert level_shown(4, loud) == 1
    assert (level_shown(4, read), level_shown(4, exists), level_shown(4, [])) == (1, 2, 4)


def _cannot_succeed_here(probe: Probe) -> bool:
    """Whether nobody can, not even a process without any layer: the hardware or a right of root is missing."""
    [findings] = at_level(0).findings
    [without_layers] = [finding for finding in findings if BY_NAME[finding.probe] is probe]
    return without_layers.outcome is not Outcome.OPEN
