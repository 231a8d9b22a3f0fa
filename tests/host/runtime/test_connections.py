"""The way out: approved hosts only, never a private network, never where a redirect points, never without end."""

import asyncio
import base64
import contextlib
import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.host.village import Village, village

from yimen_host.core.errors import TooMany
from yimen_host.core.services import Services
from yimen_host.runtime import connections
from yimen_host.runtime.allowance import (
    LONGEST_CALL,
    MINUTE,
    MOST_BYTES,
    MOST_CALLS,
    MOST_UNDER_WAY,
    Allowance,
)
from yimen_host.runtime.connections import MAX_ANSWER_BYTES, Fetch, HostNotApproved, NoAnswer
from yimen_host.runtime.hostport import Caller

HEAD = "HTTP/1.1 {} x\r\ncontent-type: text/plain\r\nset-cookie: a=b\r\n{}content-length: {}\r\n\r\n"


class Supplier:
    """A service that answers by path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        match head.split(" ")[1]:
            case "/moved":
                writer.write(HEAD.format(302, "location: http://127.0.0.1/inside\r\n", 0).encode())
            case "/long":
                writer.write(HEAD.format(200, "", MAX_ANSWER_BYTES + 1).encode() + b"x" * (MAX_ANSWER_BYTES + 1))
            case "/whole":
                writer.write(HEAD.format(200, "", MAX_ANSWER_BYTES).encode() + b"x" * MAX_ANSWER_BYTES)
            case "/broken":
                writer.write(HEAD.format(200, "", 10).encode() + b"x")
            case "/dripping":
                writer.write(HEAD.format(200, "", 1000).encode())
                with contextlib.suppress(ConnectionError):
                    while True:
                        writer.write(b"x")
                        await writer.drain()
                        await asyncio.sleep(0.05)
            case "/bomb":
                packed = gzip.compress(bytes(MAX_ANSWER_BYTES * 40))
                writer.write(HEAD.format(200, "content-encoding: gzip\r\n", len(packed)).encode() + packed)
            case "/silent":
                await reader.read()
            case _:
                writer.write(HEAD.format(200, "", 2).encode() + b"ok")
        await writer.drain()
        writer.close()


@pytest.fixture
async def supplier() -> AsyncIterator[tuple[Supplier, str]]:
    supplier = Supplier()
    server = await asyncio.start_server(supplier.serve, "127.0.0.1", 0)
    async with server:
        yield supplier, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
async def there(services: Services, tmp_path: Path, supplier: tuple[Supplier, str]) -> AsyncIterator[Village]:
    async with village(services, tmp_path, connections={"supplier.test": supplier[1]}) as place:
        yield place


async def fetch(there: Village, url: str, **asked: object) -> dict[str, object]:
    """What the tea house gets."""
    caller = await there.node.callers.caller("tea", None)
    return await there.node.connections.fetch(caller, Fetch.model_validate({"method": "GET", "url": url, **asked}))


async def test_an_answer_comes_back_with_few_headers(there: Village, supplier: tuple[Supplier, str]) -> None:
    answer = await fetch(
        there, "https://supplier.test/leaves?n=1", headers={"X-Key": "k", "Host": "other", "Connection": "x"}
    )

    assert answer == {
        "status": 200,
        "headers": {"content-type": "text/plain"},
        "body": base64.b64encode(b"ok").decode(),
    }
    (head,) = supplier[0].heads
    assert head.startswith("GET /leaves?n=1 HTTP/1.1\r\n")
    assert ("x-key: k" in head.lower(), "host: supplier.test" in head.lower(), "other" in head) == (True, True, False)


async def test_a_redirect_is_told_and_not_followed(there: Village, supplier: tuple[Supplier, str]) -> None:
    answer = await fetch(there, "https://supplier.test/moved")

    assert (answer["status"], answer["headers"]) == (
        302, {"content-type": "text/plain", "location": "http://127.0.0.1/inside"},
    )  # fmt: skip
    assert len(supplier[0].heads) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/", "https://supplier.test.elsewhere.test/", "https://supplier.test@elsewhere.test/",
        "https://127.0.0.1/", "https://[::1]/", "file:///etc/passwd", "supplier.test", "",
    ],
)  # fmt: skip
async def test_a_host_that_was_not_approved_is_refused(
    there: Village, supplier: tuple[Supplier, str], url: str
) -> None:
    with pytest.raises(HostNotApproved):
        await fetch(there, url)

    assert supplier[0].heads == []


async def test_an_answer_that_is_too_long_is_no_answer(there: Village) -> None:
    whole = await fetch(there, "https://supplier.test/whole")

    with pytest.raises(NoAnswer, match="longer than 1 MiB"):
        await fetch(there, "https://supplier.test/long")

    assert len(base64.b64decode(str(whole["body"]))) == MAX_ANSWER_BYTES


@pytest.mark.parametrize("path", ["/silent", "/broken"])
async def test_silence_and_half_an_answer_are_no_answer(there: Village, path: str) -> None:
    with pytest.raises(NoAnswer, match=r"supplier\.test gave no answer"):
        await fetch(there, f"https://supplier.test{path}", timeout=0.2)


@pytest.fixture
async def inside(services: Services, tmp_path: Path) -> AsyncIterator[Village]:
    """A tea house whose approved hosts lead inside."""
    async with village(services, tmp_path) as place:
        (record,) = place.shelf.records
        place.shelf.records = [replace(record, manifest=record.manifest.model_copy(update={"network": tuple(
            entry.model_copy(update={"host": "localhost"}) for entry in record.manifest.network
        )}), version="2.0.0")]  # fmt: skip
        await place.node.refresh()
        yield place


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://localhost/", "leads to an address inside a private network"),
        ("http://localhost/", "needs https on port 443"),
        ("https://localhost:8443/", "needs https on port 443"),
    ],
)
async def test_an_approved_name_cannot_lead_inside(inside: Village, url: str, reason: str) -> None:
    with pytest.raises(HostNotApproved, match=reason):
        await fetch(inside, url)


async def test_a_release_that_is_gone_reaches_nothing(there: Village) -> None:
    caller: Caller = replace(await there.node.callers.caller("tea", None), version="0.9.0")

    with pytest.raises(HostNotApproved):
        await there.node.connections.fetch(caller, Fetch(method="GET", url="https://supplier.test/"))


async def test_an_answer_that_drips_is_given_up(there: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.2)

    with pytest.raises(NoAnswer, match="did not finish its answer in time"):
        await fetch(there, "https://supplier.test/dripping", timeout=0.3)


async def test_one_mini_app_has_so_many_calls_under_way_and_no_more(there: Village) -> None:
    async with asyncio.TaskGroup() as calls:
        held = [calls.create_task(fetch(there, "https://supplier.test/silent")) for _ in range(MOST_UNDER_WAY)]
        await asyncio.sleep(0.1)

        with pytest.raises(TooMany):
            await fetch(there, "https://supplier.test/leaves")
        for call in held:
            call.cancel()

    assert (await fetch(there, "https://supplier.test/leaves"))["status"] == 200


def test_calls_and_bytes_are_counted_by_the_minute() -> None:
    now = [0.0]
    allowance = Allowance(clock=lambda: now[0])

    def calls(*, size: int) -> int:
        """How many calls pass, with answers of a size, until one does not."""
        passed = 0
        with contextlib.suppress(TooMany):
            while True:
                with allowance.call("tea") as count:
                    count(size)
                passed += 1
        return passed

    told = [calls(size=0)]
    for moment, size in ((MINUTE / 2, 0), (2 * MINUTE, MOST_BYTES // 4), (2 * MINUTE, 0), (4 * MINUTE, 0)):
        now[0] = moment
        told.append(calls(size=size))

    assert told == [MOST_CALLS, MOST_CALLS // 2, 4, 0, MOST_CALLS]
    with allowance.call("coffee"):
        pass  # one mini-app's use is nobody else's


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_call_to_the_platform_is_never_longer_than_its_limit(there: Village, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LONGEST_CALL // 65536 + 1):
            yield b"x" * 65536

    transport = httpx.AsyncHTTPTransport(uds=str(there.platform_socket()))
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        answer = await client.post("/v1/fetch", content=pieces() if chunked else b"x" * (LONGEST_CALL + 1))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_long")


async def test_a_compressed_answer_is_not_unpacked(there: Village) -> None:
    with pytest.raises(NoAnswer, match="compressed"):
        await fetch(there, "https://supplier.test/bomb")
