"""The level of isolation: claimed by layers, shown by a canary, and what follows for releases."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.host.runtime.conftest import Write

from yimen_host.runtime.complaints import ATTACKS_LATE, LEVEL_TOO_LOW
from yimen_host.runtime.contract import Concern, IsolationReport, ReleaseState, Remark
from yimen_host.runtime.probes.probe import Finding, Outcome
from yimen_host.runtime.probes.table import PROBES
from yimen_host.runtime.supervision import Supervision
from yimen_host.runtime.supervisor.isolation import judged

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CLAIM = IsolationReport(4, "full", ())
STOPPED = Finding("connect-tcp", Outcome.STOPPED, "EPERM")


def test_a_claim_stands_when_every_attack_was_stopped() -> None:
    assert judged(CLAIM, [STOPPED], (), NOW) == IsolationReport(4, "full", (), checked_at=NOW, probes=1)


def test_an_attack_that_succeeds_lowers_the_level_and_raises_an_alert() -> None:
    report = judged(CLAIM, [STOPPED, Finding("read-host-file", Outcome.OPEN, "")], (), NOW)

    told = Remark(Concern.OPEN, "read-host-file")
    assert report == IsolationReport(1, "partial", (), alerts=(told,), checked_at=NOW, probes=2)


def test_a_probe_that_fails_itself_counts_as_open() -> None:
    report = judged(CLAIM, [Finding("connect-tcp", Outcome.BROKEN, "it did not end in time")], (), NOW)

    told = Remark(Concern.BROKEN, "connect-tcp", "it did not end in time")
    assert (report.level, report.alerts) == (1, (told,))


def test_what_a_level_leaves_open_is_a_note() -> None:
    claim = IsolationReport(2, "container", ())

    report = judged(claim, [Finding("learn-host-name", Outcome.OPEN, "")], (), NOW)

    told = Remark(Concern.OPEN, "learn-host-name")
    assert report == IsolationReport(2, "container", (), notes=(told,), checked_at=NOW, probes=1)


def test_a_canary_that_cannot_be_sent_proves_nothing() -> None:
    report = judged(CLAIM, [], (ATTACKS_LATE.said(),), NOW)

    assert (report.level, report.alerts) == (1, (Remark(Concern.NO_CANARY, why=(ATTACKS_LATE.said(),)),))


async def test_the_first_release_is_armed_after_the_canary_is_back(supervision: Supervision, write: Write) -> None:
    await supervision.arm(write(""))

    report = await supervision.isolation()

    assert report.checked_at is not None
    assert (report.probes, report.alerts) == (len(PROBES), ())


@pytest.mark.parametrize(("needs", "state"), [(2, ReleaseState.QUARANTINED), (1, ReleaseState.READY)])
async def test_a_release_does_not_start_below_its_level(
    place: Path, write: Write, needs: int, state: ReleaseState
) -> None:
    config = place / "supervisor.json"
    told = {"run_dir": str(place / "run"), "state_dir": str(place / "state"), "layers_off": ["seccomp"]}
    config.write_text(json.dumps(told))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "yimen_host.runtime.supervisor", "--config", str(config)
    )
    client = Supervision(place / "run" / "control.sock")
    spec = write("")

    await client.arm(type(spec)(**{**vars(spec), "minimum_level": needs}))

    [status] = await client.status()
    level = (await client.isolation()).level
    await client.close()
    process.terminate()
    await process.wait()
    why = (LEVEL_TOO_LOW.said(needs=2, has=1),) if state is ReleaseState.QUARANTINED else ()
    assert (status.state, status.why, level) == (state, why, 1)
