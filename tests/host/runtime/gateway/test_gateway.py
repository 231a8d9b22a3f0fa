"""The gateway between a browser and a scripted worker."""

import asyncio
from dataclasses import replace

import pytest
from tests.host.runtime.gateway.conftest import CSP, OK, Edge

from yimen_host.runtime.gateway.ports import TargetState

GOOD = ("cookie", "__Host-yimen=good")


async def test_an_answer_carries_the_policy_and_nothing_hostile(edge: Edge) -> None:
    edge.worker.script = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nServer: evil\r\n"
        b"Strict-Transport-Security: max-age=1\r\nClear-Site-Data: *\r\nAlt-Svc: h3\r\nX-Accel-Redirect: /etc\r\n"
        b"Service-Worker-Allowed: /\r\nContent-Security-Policy: default-src *\r\nSet-Cookie: a=b\r\n"
        b"Set-Cookie: __Host-mine=1; Path=/; Secure\r\nSet-Cookie: __Host-x=1; Secure; Domain=localhost\r\n"
        b"Set-Cookie: __Host-yimen=stolen; Path=/; Secure\r\nCache-Control: public, max-age=60\r\n\r\nok"
    ]

    answer = await edge.get("/", GOOD)

    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.headers == [
        ("content-length", "2"),
        ("content-type", "text/plain"),
        ("set-cookie", "__Host-mine=1; Path=/; Secure"),
        ("cache-control", "private, no-store"),
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("origin-agent-cluster", "?1"),
        ("permissions-policy", edge.apps.target.permissions),
    ]


async def test_a_visitor_is_vouched_for_and_cannot_vouch_for_themselves(edge: Edge) -> None:
    await edge.get(
        "/a?b=c", ("yimen-resident", "forged"), ("yimen_resident", "forged"), ("x-forwarded-for", "1.2.3.4"),
        ("forwarded", "for=1"), ("connection", "yimen-resident"), ("accept", "*/*"),
        ("cookie", "portal=1; __Host-yimen=good; __Host-mine=2"),
    )  # fmt: skip

    [head] = edge.worker.heads
    fixed = {line for line in head if not line.startswith(("yimen-request-id: ", "traceparent: 00-"))}
    assert edge.worker.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert fixed == {
        "host: probe.localhost", "accept: */*", "cookie: __Host-mine=2", "yimen-resident: signed-assertion",
    }  # fmt: skip


async def test_without_a_session_nobody_is_vouched_for(edge: Edge) -> None:
    await edge.get("/", ("cookie", "__Host-yimen=bad"))

    assert not any(line.startswith(("yimen-resident", "cookie")) for line in edge.worker.heads[0])


async def test_somebody_who_cannot_be_looked_up_is_not_taken_for_nobody(edge: Edge) -> None:
    answer = await edge.get("/", ("cookie", "__Host-yimen=away"))

    assert (answer.status, ("retry-after", "5") in answer.headers, edge.worker.requests) == (503, True, [])


async def test_only_answers_nobody_was_known_for_may_be_cached(edge: Edge) -> None:
    edge.worker.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: public, max-age=60\r\n\r\nok"]

    known = await edge.get("/", GOOD)
    unknown = await edge.get("/")

    assert (known.header("cache-control"), known.header("vary")) == (["private, no-store"], [])
    assert (unknown.header("cache-control"), unknown.header("vary")) == (["public, max-age=60"], ["Cookie"])


@pytest.mark.parametrize(
    "host",
    ["other.test", "PROBE.localhost", "probe.localhost.", "probe.localhost:81", "a.probe.localhost", "", ".localhost"],
)
async def test_a_host_that_is_not_exact_is_misdirected(edge: Edge, host: str) -> None:
    answer = await edge.get("/", host=host)

    assert (answer.status, edge.worker.requests) == (421, [])


async def test_the_portal_and_the_platform_are_never_forwarded(edge: Edge) -> None:
    portal = await edge.get("/", host="localhost")
    platform = await edge.get("/.yimen/launch")

    assert (portal.body, platform.body) == (b"portal", b"platform")
    assert (edge.platform, edge.worker.requests) == (["probe /.yimen/launch"], [])


@pytest.mark.parametrize(
    "path",
    [
        "/%2eyimen/x",
        "/a/../.yimen/x",
        "//.yimen/x",
        "/a%2f..%2f.yimen",
        "/a\\b",
        "/a%00",
        "/a/..;/b",
        "/./x",
        "/.%2e/x",
    ],
)
async def test_a_path_with_two_meanings_is_refused(edge: Edge, path: str) -> None:
    answer = await edge.get(path)

    assert (answer.status, edge.worker.requests, edge.platform) == (400, [], [])


@pytest.mark.parametrize(
    "headers",
    [
        [("content-length", "1"), ("transfer-encoding", "chunked")],
        [("content-length", "1"), ("content-length", "1")],
        [("content-length", "+1")],
        [("transfer-encoding", "gzip, chunked")],
        [("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
        [("x-folded", "a\r\n b")],
        [("x-nul", "a\0b")],
        [("cookie", "__Host-yimen=good; __Host-yimen=other")],
        [("cookie", "__Host-yimen=good"), ("cookie", "__Host-yimen=other")],
        [("host", "probe.localhost")],
    ],
)  # fmt: skip
async def test_an_ambiguous_request_is_not_forwarded(edge: Edge, headers: list[tuple[str, str]]) -> None:
    answer = await edge.send("GET", "/", ("host", "probe.localhost"), *headers)

    if headers == [("cookie", "__Host-yimen=good; __Host-yimen=other")]:
        assert not any(line.startswith("yimen-resident") for line in edge.worker.heads[0])
    else:
        assert answer.status in (400, 421)
        assert edge.worker.requests == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("origin", "http://probe.localhost")], 200),
        ([("sec-fetch-site", "same-origin")], 200),
        ([("origin", "null"), ("sec-fetch-site", "same-origin")], 200),
        ([], 403),
        ([("origin", "http://other.localhost")], 403),
        ([("origin", "http://localhost"), ("sec-fetch-site", "same-origin")], 403),
        ([("origin", "null")], 403),
        ([("sec-fetch-site", "same-site")], 403),
    ],
)
async def test_a_form_of_another_site_changes_nothing(edge: Edge, headers: list[tuple[str, str]], status: int) -> None:
    answer = await edge.send(
        "POST", "/pay", ("host", "probe.localhost"), GOOD, ("content-length", "3"), *headers, body=[b"a=1"]
    )

    assert (answer.status, len(edge.worker.requests)) == (status, int(status == 200))


async def test_a_body_is_streamed_with_the_framing_it_came_in(edge: Edge) -> None:
    host = ("host", "probe.localhost")

    await edge.send("POST", "/", host, ("content-length", "6"), body=[b"abc", b"def"])
    await edge.send("POST", "/", host, ("transfer-encoding", "chunked"), body=[b"abc", b"", b"def"])

    bodies = [request.split(b"\r\n\r\n", 1)[1] for request in edge.worker.requests]
    assert bodies == [b"abcdef", b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"]


async def test_a_connection_is_used_again_after_a_clean_answer(edge: Edge) -> None:
    for _ in range(3):
        await edge.get()

    assert (edge.worker.connections, len(edge.worker.requests)) == (1, 3)


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nno end",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.1 200 OK\r\nA\0: b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + OK,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"Content-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        b"",
    ],
)
async def test_a_broken_answer_is_not_passed_on_and_its_connection_not_used_again(edge: Edge, answer: bytes) -> None:
    edge.worker.script = [answer, answer, OK]

    broken = await edge.send("POST", "/", ("host", "probe.localhost"), ("content-length", "1"), body=[b"x"])
    edge.worker.script = [OK]
    clean = await edge.get()

    assert broken.status == 502 or not broken.whole
    assert (clean.status, clean.body) == (200, b"ok")
    assert edge.worker.connections == 2


async def test_a_second_answer_never_reaches_the_next_visitor(edge: Edge) -> None:
    edge.worker.script = [OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", OK]

    await edge.get()
    after = await edge.get()

    assert (after.body, edge.worker.connections) == (b"ok", 2)


async def test_an_answer_that_stops_early_does_not_look_whole(edge: Edge) -> None:
    edge.worker.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b""]
    request = asyncio.create_task(edge.get())
    await asyncio.sleep(0.1)
    await edge.worker.stop()
    edge.gateway.close()

    answer = await request

    assert (answer.body, answer.whole) == (b"half", False)


async def test_interim_answers_and_trailers_are_left_out(edge: Edge) -> None:
    edge.worker.script = [
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: __Host-a=b\r\n\r\n"
    ]

    answer = await edge.get()

    assert (answer.status, answer.body, answer.header("set-cookie"), answer.header("link")) == (200, b"ok", [], [])


async def test_a_head_request_gets_no_body(edge: Edge) -> None:
    edge.worker.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"]

    answer = await edge.send("HEAD", "/", ("host", "probe.localhost"))

    assert (answer.status, answer.body, answer.header("content-length")) == (200, b"", ["2"])


async def test_a_frame_sent_to_the_portal_gets_the_hosts_page(edge: Edge) -> None:
    edge.worker.script = [b"HTTP/1.1 303 See Other\r\nLocation: http://localhost/pay/1\r\nContent-Length: 0\r\n\r\n"]

    framed = await edge.get("/", ("sec-fetch-dest", "iframe"))
    top = await edge.get("/", ("sec-fetch-dest", "document"))

    assert framed.body == b"leave for http://localhost/pay/1"
    assert (top.status, top.header("location")) == (303, ["http://localhost/pay/1"])


@pytest.mark.parametrize(
    ("state", "status", "cleared", "retry"),
    [
        (TargetState.SUSPENDED, 503, [], []),
        (TargetState.QUARANTINED, 503, [], []),
        (TargetState.FULL, 503, [], ["300"]),
        (TargetState.REMOVED, 410, ['"*"'], []),
    ],
)
async def test_a_stopped_mini_app_is_not_asked(
    edge: Edge, state: TargetState, status: int, cleared: list[str], retry: list[str]
) -> None:
    edge.apps.target = replace(edge.apps.target, state=state)

    answer = await edge.get()

    assert (answer.status, answer.header("clear-site-data"), edge.worker.requests) == (status, cleared, [])
    assert answer.header("retry-after") == retry


async def test_a_full_bulkhead_refuses_instead_of_waiting_for_ever(edge: Edge) -> None:
    edge.apps.target = replace(edge.apps.target, bulkhead=1)
    edge.worker.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"]
    requests = [asyncio.create_task(edge.get()) for _ in range(4)]
    await asyncio.sleep(0.1)

    refused = [task.result().status for task in requests if task.done()]

    assert refused == [503]
    for task in requests:
        task.cancel()
    await asyncio.gather(*requests, return_exceptions=True)


async def test_a_socket_nobody_listens_on_is_told_at_once(edge: Edge) -> None:
    await edge.worker.stop()
    edge.worker.path.unlink(missing_ok=True)

    assert (await edge.get()).status == 503


async def test_a_service_worker_is_refused_unless_granted(edge: Edge) -> None:
    asked = ("service-worker", "script")

    refused = await edge.get("/sw.js", asked)
    edge.apps.target = replace(edge.apps.target, service_worker=True)
    granted = await edge.get("/sw.js", asked)

    assert (refused.status, granted.status) == (403, 200)


async def test_a_body_over_the_limit_is_refused(edge: Edge) -> None:
    host = ("host", "probe.localhost")

    told = await edge.send("POST", "/", host, ("content-length", str(21 * 1024 * 1024)))
    streamed = await edge.send("POST", "/", host, ("transfer-encoding", "chunked"), body=[b"x" * (1024 * 1024)] * 21)

    assert (told.status, streamed.status) == (413, 413)
