"""What the operator's monitoring is told, asked for as Prometheus asks, of the whole demo host."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import make_url
from tests.town import Town

from yimen_host.core.embedded import EmbeddedPostgres
from yimen_host.core.keyring import Keyring
from yimen_host.core.sockets import run_directory
from yimen_host.runtime import roles
from yimen_host.runtime.sandbox.layers import LayerState
from yimen_host.runtime.supervision import Supervision

Samples = dict[tuple[str, frozenset[str]], float]
"""Each number by its name and its labels, as `label=value`."""


def scrape(town: Town) -> Samples:
    """Ask once; every number."""
    families = text_string_to_metric_families(httpx.get(town.metrics).text)
    return {
        (one.name, frozenset(f"{label}={value}" for label, value in one.labels.items())): one.value
        for family in families
        for one in family.samples
    }


def sample(name: str, value: float, **labels: str) -> tuple[tuple[str, frozenset[str]], float]:
    """A number as `scrape` tells it."""
    return (name, frozenset(f"{label}={said}" for label, said in labels.items())), value


async def test_the_sandbox_is_told_as_the_supervisor_knows_it(town: Town) -> None:
    supervision = Supervision(run_directory(town.var) / "control.sock")
    report = await supervision.isolation()
    await supervision.close()

    told = {key: value for key, value in scrape(town).items() if key[0].startswith("yimen_isolation_")}

    assert report.checked_at is not None
    assert told == dict([
        sample("yimen_isolation_level", report.level),
        sample("yimen_isolation_alerts", len(report.alerts)),
        sample("yimen_isolation_probes", report.probes),
        sample("yimen_isolation_checked_timestamp_seconds", report.checked_at.timestamp()),
        *(
            sample("yimen_isolation_layer", float(entry.state is state), layer=entry.layer, state=state)
            for entry in report.layers
            for state in LayerState
        ),
    ])  # fmt: skip


def test_every_answer_through_the_gateway_is_counted_once(town: Town) -> None:
    before = served(scrape(town))

    with httpx.Client(base_url=f"http://127.0.0.1:{town.port}", headers={"Host": host(town)}) as client:
        statuses = [client.get(path).status_code for path in ("/", "/", "/", "/%00")]

    after = served(scrape(town))
    assert statuses == [303, 303, 303, 400]
    assert {name: after[name] - before.get(name, 0) for name in after} == {
        "1xx": 0, "2xx": 0, "3xx": 3, "4xx": 1, "5xx": 0, "in time": 4,
    }  # fmt: skip


def served(told: Samples) -> dict[str, float]:
    """The answers of the demo's mini-app by class, and those whose time is told."""
    found = {}
    for (name, labels), value in told.items():
        if name == "yimen_gateway_requests_total":
            found[next(label for label in labels if label.startswith("class=")).removeprefix("class=")] = value
        elif name == "yimen_gateway_answer_seconds_count":
            found["in time"] = value
    return found


def host(town: Town, app_id: str = "utilities") -> str:
    """What the Host header says."""
    return f"{app_id}.localhost:{town.port}"


def test_nothing_that_a_stranger_sends_becomes_a_label(town: Town) -> None:
    apps, strangers = labels_of("app", scrape(town)), {"nobody", "xn--fiq228c", "a" * 63}

    for stranger in strangers:
        httpx.get(f"http://127.0.0.1:{town.port}/{stranger}?{stranger}", headers={"Host": host(town, stranger)})

    assert "utilities" in apps
    assert labels_of("app", scrape(town)) == apps
    assert not apps & strangers


def labels_of(label: str, told: Samples) -> set[str]:
    """Every value of a label."""
    return {said.partition("=")[2] for _, labels in told for said in labels if said.partition("=")[0] == label}


def test_a_statement_that_a_mini_app_lets_run_is_ended_and_counted(town: Town) -> None:
    owner = make_url(EmbeddedPostgres(town.var / "postgres").database("yimen", owner="yimen").url)
    address = roles.conninfo(roles.acting_as(owner, Keyring.load(town.var / "keys"), "utilities"))
    before = overtime(scrape(town))

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(60)")

    assert overtime(scrape(town)) - before == 1


def overtime(told: Samples) -> float:
    """How often a statement took too long."""
    return sum(value for (name, labels), value in told.items() if "quota=statement_seconds" in labels)


def test_residents_do_not_reach_it(town: Town) -> None:
    there = httpx.get(town.metrics).status_code

    answers = [
        httpx.get(f"http://127.0.0.1:{town.port}/metrics", headers={"Host": name}).status_code
        for name in (f"localhost:{town.port}", host(town))
    ]

    assert (there, answers) == (200, [404, 404])


@pytest.mark.parametrize("path", ["/", "/console/health"])
def test_it_answers_nothing_else(town: Town, path: str) -> None:
    assert httpx.get(town.metrics.replace("/metrics", path)).status_code == 404


def test_open_metrics_are_told_to_who_asks_for_them(town: Town) -> None:
    answer = httpx.get(town.metrics, headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert {name for name, _ in read(answer.text)} == {name for name, _ in scrape(town)}


def read(text: str) -> Iterator[tuple[str, float]]:
    """The numbers of a text in the stricter form."""
    for family in openmetrics.text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
        for one in family.samples:
            yield one.name, one.value
