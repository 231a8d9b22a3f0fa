"""The port over HTTP: what comes back is a value or a typed error, and nothing is done twice."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from yimen_sdk import InvalidRequest, Money, NotFound, Order, Refused, TryLater, Unknown, yuan
from yimen_sdk.host import Answer, Host
from yimen_sdk.remote import RemotePlatform

ORDER = {
    "id": "ord_1", "title": "茶", "amount": {"fen": 800, "currency": "CNY"}, "state": "open", "reference": None,
    "cashier_url": "http://portal.test/cashier/ord_1", "receipt_number": None,
    "expires_at": "2026-01-01T12:30:00+00:00",
}  # fmt: skip

BREAK_OFF = b""


@dataclass
class Asked:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: Any


@dataclass
class Platform:
    """A platform that says what it is told to, one answer after the other, and remembers what it was asked."""

    socket: Path
    answers: list[bytes] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def say(self, status: int, value: object = None) -> None:
        """Say this next."""
        body = json.dumps(value).encode() if value is not None else b""
        self.answers.append(f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on one connection."""
        while head := await reader.readuntil(b"\r\n\r\n"):
            line, *rest = head.decode().strip().split("\r\n")
            headers = dict(part.lower().split(": ", 1) for part in rest)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.asked.append(Asked(line, headers, json.loads(body) if body else None))
            answer = self.answers.pop(0)
            writer.write(answer)
            if answer == BREAK_OFF:
                break
        writer.close()


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    with tempfile.TemporaryDirectory(prefix="ym") as directory:
        platform = Platform(Path(directory) / "host.sock")
        server = await asyncio.start_unix_server(platform.serve, platform.socket)
        yield platform
        server.close()


@pytest.fixture
async def host(platform: Platform) -> AsyncIterator[Host]:
    remote = RemotePlatform(f"http+unix://{platform.socket}")
    yield remote.as_seen_by("who-is-visiting")
    await remote.close()


async def test_an_answer_becomes_a_value(platform: Platform, host: Host) -> None:
    platform.say(201, ORDER)

    order = await host.payments.open_order("茶", yuan("8.00"), reference="r", return_path="/tea")

    assert order == Order(
        id="ord_1",
        title="茶",
        amount=Money(800),
        state="open",
        reference=None,
        cashier_url="http://portal.test/cashier/ord_1",
        receipt_number=None,
        expires_at=order.expires_at,
    )
    (asked,) = platform.asked
    assert (asked.line, asked.body, asked.headers["yimen-resident"]) == (
        "POST /v1/orders HTTP/1.1",
        {"title": "茶", "amount": {"fen": 800, "currency": "CNY"}, "reference": "r", "return_path": "/tea"},
        "who-is-visiting",
    )


async def test_a_number_cannot_lead_to_another_address(platform: Platform, host: Host) -> None:
    platform.say(404, {"code": "not_found", "detail": "there is no such order"})

    with pytest.raises(NotFound):
        await host.payments.order("../fetch?x=1#")

    assert platform.asked[0].line == "GET /v1/orders/..%2Ffetch%3Fx%3D1%23 HTTP/1.1"


@pytest.mark.parametrize(
    ("status", "problem", "kind"),
    [
        (422, {"code": "invalid_request", "detail": "no", "faults": {"amount": "above zero"}}, InvalidRequest),
        (409, {"code": "reference_taken", "detail": "no"}, Refused),
        (504, {"code": "unknown", "detail": "no"}, Unknown),
        (500, ["not a problem document"], TryLater),
    ],
)
async def test_a_problem_becomes_its_error(
    platform: Platform, host: Host, status: int, problem: object, kind: type[Exception]
) -> None:
    platform.say(status, problem)

    with pytest.raises(kind):
        await host.payments.fulfil("ord_1")

    assert len(platform.asked) == 1


async def test_trying_again_uses_the_same_key(platform: Platform, host: Host) -> None:
    platform.answers.append(BREAK_OFF)
    platform.say(503, {"code": "try_later", "detail": "busy"})
    platform.say(201, ORDER)

    await host.payments.open_order("茶", yuan("8.00"))

    keys = [asked.headers["idempotency-key"] for asked in platform.asked]
    assert (len(keys), len(set(keys))) == (3, 1)


async def test_two_calls_have_two_keys(platform: Platform, host: Host) -> None:
    for _ in range(2):
        platform.say(201, ORDER)
        await host.payments.open_order("茶", yuan("8.00"))

    assert len({asked.headers["idempotency-key"] for asked in platform.asked}) == 2


async def test_a_refund_travels_under_the_authors_own_key(platform: Platform, host: Host) -> None:
    refund = {"id": "rfd_1", "order_id": "ord_1", "amount": {"fen": 1, "currency": "CNY"}, "state": "succeeded"}
    platform.say(201, refund)

    await host.payments.refund("ord_1", Money(1), reason="cold", key="bill_1")

    assert platform.asked[0].headers["idempotency-key"] == "bill_1"


async def test_after_three_tries_it_is_for_later(platform: Platform, host: Host) -> None:
    platform.answers = [BREAK_OFF] * 3

    with pytest.raises(TryLater):
        await host.payments.order("ord_1")

    assert len(platform.asked) == 3


async def test_a_call_outside_is_never_made_twice(platform: Platform, host: Host) -> None:
    platform.answers = [BREAK_OFF] * 3

    with pytest.raises(Unknown):
        await host.network.fetch("POST", "https://biller.test/payments", json={"fen": 1})

    assert len(platform.asked) == 1


async def test_a_call_outside_brings_back_what_was_answered(platform: Platform, host: Host) -> None:
    platform.say(200, {"status": 404, "headers": {"etag": "x"}, "body": "eyJhIjogMX0="})

    answer = await host.network.fetch("GET", "https://biller.test/accounts/1", timeout=99)

    assert (answer, answer.json()) == (Answer(404, {"etag": "x"}, b'{"a": 1}'), {"a": 1})
    assert platform.asked[0].body["timeout"] == 30.0


CALLS: list[Callable[[Host], Awaitable[object]]] = [
    lambda host: host.payments.order("ord_1"),
    lambda host: host.payments.fulfil("ord_1"),
    lambda host: host.notices.send("ready"),
    lambda host: host.network.fetch("GET", "https://biller.test/"),
]


@pytest.mark.parametrize("call", CALLS)
async def test_without_a_platform_everything_is_for_later(
    tmp_path: Path, call: Callable[[Host], Awaitable[object]]
) -> None:
    nowhere = RemotePlatform(f"http+unix://{tmp_path}/nobody.sock")

    with pytest.raises(TryLater, match="cannot be reached"):
        await call(nowhere.as_seen_by(None))

    await nowhere.close()


async def test_nobodys_call_carries_no_assertion(platform: Platform) -> None:
    platform.say(201)
    remote = RemotePlatform(f"http+unix://{platform.socket}")

    await remote.as_seen_by(None).notices.send("ready", to="r1", number="3")

    (asked,) = platform.asked
    assert (asked.body, "yimen-resident" in asked.headers) == (
        {"template": "ready", "to": "r1", "values": {"number": "3"}},
        False,
    )
    await remote.close()
