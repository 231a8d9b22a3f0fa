"""Each number that can be told is explained in the reference, and a stranger's words make no series."""

import re
from datetime import UTC, datetime
from pathlib import Path

from yimen_host.core import deadletters
from yimen_host.notices.dispatches.store import Unsent
from yimen_host.payments.backlog import Backlog
from yimen_host.runtime.contract import IsolationReport
from yimen_host.runtime.metrics.counts import Counts, Ledger, Pool, Served, WebSockets
from yimen_host.runtime.metrics.families import families
from yimen_host.runtime.metrics.neighbours import Told
from yimen_host.runtime.metrics.view import View, Waiting
from yimen_host.runtime.surveyor import Kept

REFERENCE = Path(__file__).parents[4] / "docs" / "reference" / "metrics.md"
TEA = Served(
    classes=(0, 3, 0, 1, 0), times=(2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), seconds=12.5, sockets=WebSockets(2, 7, 3)
)
HOST = Counts(
    "host-1", Ledger(2, 30, 1), Pool(1, 2, 16), {"tea": TEA}, {"calls": {"tea": 5}}, {"too_many": {"tea": 6}},
    kept={"tea": Kept(size=3, most=2, is_stopped=True)},
)  # fmt: skip
EVERYTHING = View(
    isolation=IsolationReport(4, "full", (), checked_at=datetime(2026, 11, 22, tzinfo=UTC)),
    waiting=Waiting(
        Backlog({}, {}, 0, {}, {}), deadletters.Backlog(0, 0), Unsent(2, datetime(2026, 11, 22, tzinfo=UTC))
    ),
    told=Told((HOST,)),
)


def test_the_reference_names_every_number() -> None:
    named = set(re.findall(r"yimen_\w+", REFERENCE.read_text("utf-8").partition("scrape_configs")[0]))

    told = {f"{family.name}_total" if family.type == "counter" else family.name for family in families(EVERYTHING)}

    assert named == told


def test_a_processs_counts_are_told_under_its_name() -> None:
    told = {
        (one.name, *sorted(one.labels.values())): one.value
        for family in families(EVERYTHING)
        for one in family.samples
        if one.labels.get("process") == "host-1" and one.value
    }

    bounds = ("0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0")
    expected: dict[tuple[str, ...], float] = {
        ("yimen_gateway_requests_total", "2xx", "host-1", "tea"): 3,
        ("yimen_gateway_requests_total", "4xx", "host-1", "tea"): 1,
        ("yimen_gateway_answer_seconds_bucket", "0.005", "host-1", "tea"): 2,
        **{("yimen_gateway_answer_seconds_bucket", bound, "host-1", "tea"): 3 for bound in bounds},
        ("yimen_gateway_answer_seconds_bucket", "+Inf", "host-1", "tea"): 4,
        ("yimen_gateway_answer_seconds_count", "host-1", "tea"): 4,
        ("yimen_gateway_answer_seconds_sum", "host-1", "tea"): 12.5,
        ("yimen_gateway_websockets_total", "host-1", "opened", "tea"): 7,
        ("yimen_gateway_websockets_total", "host-1", "refused", "tea"): 3,
        ("yimen_gateway_websockets_open", "host-1", "tea"): 2,
        ("yimen_quota_refusals_total", "calls", "host-1", "tea"): 5,
        ("yimen_calls_failed_total", "host-1", "tea", "too_many"): 6,
        ("yimen_ledger_batches_total", "host-1"): 2,
        ("yimen_ledger_written_total", "host-1"): 30,
        ("yimen_ledger_queue", "host-1"): 1,
        ("yimen_database_connections", "host-1", "used"): 1,
        ("yimen_database_connections", "host-1", "idle"): 2,
        ("yimen_database_connections_most", "host-1"): 16,
    }
    assert told == expected


def test_what_a_mini_app_keeps_is_told_by_whoever_measured_it() -> None:
    told = {
        family.name: [(one.labels, one.value) for one in family.samples]
        for family in families(EVERYTHING)
        if family.name.startswith("yimen_app_database")
    }

    assert told == {
        "yimen_app_database_bytes": [({"app": "tea"}, 3)],
        "yimen_app_database_quota_bytes": [({"app": "tea"}, 2)],
        "yimen_app_database_stopped": [({"app": "tea"}, 1)],
    }
