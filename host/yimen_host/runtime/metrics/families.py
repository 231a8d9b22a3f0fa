"""A view in the words of Prometheus: a name, a kind and a sentence for each number. Values in, values out.

Labels are mini-apps and versions that are served, and words of our own code: nothing that a request or a mini-app says.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import TypeVar

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from yimen_host.runtime.contract import IsolationReport, ReleaseState, ReleaseStatus
from yimen_host.runtime.gateway.traffic import BOUNDS, CLASSES
from yimen_host.runtime.metrics.counts import Counts
from yimen_host.runtime.metrics.neighbours import Told
from yimen_host.runtime.metrics.view import View, Waiting
from yimen_host.runtime.sandbox.layers import LayerState


def families(view: View) -> Iterator[Metric]:
    """Everything that a view tells."""
    yield _answered(view)
    if view.isolation is not None:
        yield from _isolation(view.isolation)
    yield from _releases(view.releases)
    if view.waiting is not None:
        yield from _waiting(view.waiting)
    yield from _gateway(view.told.counts)
    yield from _sockets(view.told.counts)
    yield from _refusals(view.told.counts)
    yield _quotas(view.told.counts)
    yield from _kept(view.told.counts)
    yield from _ledger(view.told.counts)
    yield from _pools(view.told.counts)


def _answered(view: View) -> Metric:
    sources = {"supervisor": view.isolation is not None, "database": view.waiting is not None}
    return _by("yimen_answered", "Whether a part answered this scrape.", "part", sources | _processes(view.told))


def _processes(told: Told) -> dict[str, bool]:
    return {counts.process: True for counts in told.counts} | dict.fromkeys(told.silent, False)


def _isolation(report: IsolationReport) -> Iterator[Metric]:
    yield _number("yimen_isolation_level", "From 4, full, to 0, none, as the canary shows.", report.level)
    yield _gauge("yimen_isolation_layer", "1 for what became of a layer.", ["layer", "state"], [
        ([entry.layer, state], int(entry.state is state)) for entry in report.layers for state in LayerState
    ])  # fmt: skip
    yield _number("yimen_isolation_alerts", "Attacks that succeeded, or could not be tried.", len(report.alerts))
    yield _number("yimen_isolation_probes", "Attacks that the last canary tried.", report.probes)
    if report.checked_at is not None:
        when = report.checked_at.timestamp()
        yield _number("yimen_isolation_checked_timestamp_seconds", "When the last canary was back.", when)


def _releases(releases: Iterable[ReleaseStatus]) -> Iterator[Metric]:
    releases = list(releases)
    named = [([one.app_id, one.version], one) for one in releases]
    yield _gauge("yimen_release_state", "1 for where an armed release stands.", ["app", "version", "state"], [
        ([*name, state], int(one.state is state)) for name, one in named for state in ReleaseState
    ])  # fmt: skip
    yield _counter("yimen_release_starts", "Workers started since the release was armed.", ["app", "version"], [
        (name, one.starts) for name, one in named
    ])  # fmt: skip
    yield _counter("yimen_release_deaths", "Workers that died since the release was armed.", ["app", "version"], [
        (name, one.deaths) for name, one in named
    ])  # fmt: skip


def _waiting(waiting: Waiting) -> Iterator[Metric]:
    payments, outbox = waiting.payments, waiting.outbox
    refunds = {str(state): count for state, count in payments.refunds.items()} | {"stuck": payments.stuck_refunds}
    letters = {"waiting": outbox.waiting, "dead": outbox.dead}
    yield _by("yimen_payment_attempts_open", "Attempts to pay that are not over.", "state", payments.attempts)
    yield _by("yimen_refunds_open", "Refunds that are not over; stuck ones wait for a person.", "state", refunds)
    yield _by("yimen_reconciliation_breaks_open", "Differences that nobody explained.", "kind", payments.breaks)
    yield _by("yimen_webhook_deliveries", "Webhooks that were not taken.", "state", payments.webhooks)
    yield _by("yimen_outbox_deliveries", "Events that were not taken.", "state", letters)
    dispatches = waiting.dispatches
    yield _number("yimen_alert_dispatches_waiting", "Messages of alerts that have not left.", dispatches.waiting)
    if dispatches.oldest_due is not None:
        when = dispatches.oldest_due.timestamp()
        yield _number("yimen_alert_dispatches_oldest_due_timestamp_seconds", "When the oldest of them was due.", when)


def _gateway(processes: Iterable[Counts]) -> Iterator[Metric]:
    labels = ["process", "app"]
    requests = CounterMetricFamily("yimen_gateway_requests", "Answers by class.", labels=[*labels, "class"])
    times = HistogramMetricFamily("yimen_gateway_answer_seconds", "Until an answer's head was written.", labels=labels)
    for counts in processes:
        for app_id, served in counts.traffic.items():
            for name, count in zip(CLASSES, served.classes, strict=True):
                requests.add_metric([counts.process, app_id, name], count)
            bounds = [*map(str, BOUNDS), "+Inf"]
            buckets = list(zip(bounds, accumulate(served.times), strict=True))
            times.add_metric([counts.process, app_id], buckets, served.seconds)
    yield from (requests, times)


def _sockets(processes: Iterable[Counts]) -> Iterator[Metric]:
    told = [
        ([counts.process, app_id], served.sockets)
        for counts in processes for app_id, served in counts.traffic.items()
    ]  # fmt: skip
    labels = ["process", "app"]
    yield _counter("yimen_gateway_websockets", "WebSockets that were asked for.", [*labels, "outcome"], [
        ([*name, outcome], getattr(sockets, outcome)) for name, sockets in told for outcome in ("opened", "refused")
    ])  # fmt: skip
    open_now = [(name, sockets.open) for name, sockets in told]
    yield _gauge("yimen_gateway_websockets_open", "WebSockets that are open.", labels, open_now)


def _refusals(processes: Iterable[Counts]) -> Iterator[Metric]:
    processes = list(processes)
    yield _counter("yimen_quota_refusals", "What was over a mini-app's limit.", ["process", "app", "quota"], [
        ([counts.process, app_id, quota], count) for counts in processes for app_id, quota, count in counts.refused()
    ])  # fmt: skip
    yield _counter("yimen_calls_failed", "A mini-app's calls to other services.", ["process", "app", "code"], [
        ([counts.process, app_id, code], count)
        for counts in processes for code, by_app in counts.failed_calls.items() for app_id, count in by_app.items()
    ])  # fmt: skip


def _quotas(processes: Iterable[Counts]) -> Metric:
    told = {counts.process: int(counts.has_unread_quotas) for counts in processes}
    return _by("yimen_quotas_unread", "1 when the file of quotas has a fault, and those before go on.", "process", told)


def _kept(processes: Iterable[Counts]) -> Iterator[Metric]:
    told = {app_id: kept for counts in processes for app_id, kept in counts.kept.items()}
    sizes, quotas = ({app: one.size for app, one in told.items()}, {app: one.most for app, one in told.items()})
    stopped = {app: int(one.is_stopped) for app, one in told.items()}
    yield _by("yimen_app_database_bytes", "What a mini-app keeps in the database.", "app", sizes)
    yield _by("yimen_app_database_quota_bytes", "How much it may.", "app", quotas)
    yield _by("yimen_app_database_stopped", "1 for one that may not connect, being over.", "app", stopped)


def _ledger(processes: Iterable[Counts]) -> Iterator[Metric]:
    told = [([counts.process], counts.ledger) for counts in processes]
    label = ["process"]
    yield _counter("yimen_ledger_batches", "Commits of the ledger.", label, [(name, one.batches) for name, one in told])
    yield _counter("yimen_ledger_written", "Requests in them.", label, [(name, one.written) for name, one in told])
    yield _gauge("yimen_ledger_queue", "Requests that wait.", label, [(name, one.queued) for name, one in told])


def _pools(processes: Iterable[Counts]) -> Iterator[Metric]:
    told = [(counts.process, counts.pool) for counts in processes]
    states = [([name, state], getattr(pool, state)) for name, pool in told for state in ("used", "idle")]
    yield _gauge("yimen_database_connections", "A process's own connections.", ["process", "state"], states)
    most = {name: pool.most for name, pool in told}
    yield _by("yimen_database_connections_most", "How many it may have.", "process", most)


Word = TypeVar("Word", bound=str)
Samples = Iterable[tuple[list[str], float]]
"""The labels' values, and the number."""


def _number(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _by(name: str, told: str, label: str, counts: Mapping[Word, int]) -> Metric:
    return _gauge(name, told, [label], [([value], count) for value, count in counts.items()])


def _gauge(name: str, told: str, labels: list[str], samples: Samples) -> Metric:
    family = GaugeMetricFamily(name, told, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _counter(name: str, told: str, labels: list[str], samples: Samples) -> Metric:
    family = CounterMetricFamily(name, told, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family
