"""A mini-app that gets more requests than it may: both ways through the gateway count them, and say so."""

from pathlib import Path

from tests.host.runtime.gateway.conftest import Edge
from tests.host.runtime.gateway.served import HOST, KNOWN, served

from yimen_host.runtime.bucket import Meter, Rate
from yimen_host.runtime.gateway import edge as http

MINE = b"GET / HTTP/1.1\r\n" + HOST + KNOWN + b"\r\n"


async def test_visitors_over_the_limit_are_told_to_wait_and_others_are_not(edge: Edge) -> None:
    edge.gateway.meter = Meter(lambda app_id: Rate(1, 2), lambda: 0.0)

    answers = [await edge.get() for _ in range(3)]
    beside = await edge.get("/.yimen/manifest.json")

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert (answers[2].body, answers[2].header("retry-after")) == (b"429 too_many\n", ["1"])
    assert len(edge.worker.requests) == 2
    assert beside.body == b"platform"
    assert edge.gateway.meter.refused == {"probe": 1}


async def test_the_express_way_counts_as_the_application_does(run_dir: Path) -> None:
    async with served(run_dir, http.Edge) as server:
        server.gateway.meter = Meter(lambda app_id: Rate(1, 3), lambda: 0.0)

        answers = [await server.say(MINE) for _ in range(5)]

    assert [answer.split(b" ")[1] for answer in answers] == [b"200", b"200", b"200", b"429", b"429"]
    assert len(server.heard) == 3
    assert server.gateway.meter.refused == {"probe": 2}
