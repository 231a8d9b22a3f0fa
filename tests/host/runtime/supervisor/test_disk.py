"""A mini-app's disk quota: bytes and files, while it runs and after."""

import asyncio
import os
from pathlib import Path

from tests.host.runtime.conftest import Write, ask

from yimen_host.runtime.complaints import TOO_MANY_BYTES, TOO_MANY_FILES
from yimen_host.runtime.contract import Limits, ReleaseState, ReleaseStatus
from yimen_host.runtime.supervision import Supervision
from yimen_host.runtime.supervisor.disk import Usage, usage

HOARDER = """
DATA = Path(os.environ["YIMEN_APP_DATA"])

@app.get("/bytes", public=True)
async def fill(request):
    for number in range(6):
        (DATA / f"part{number}").write_bytes(os.urandom(1 << 20))
    return PlainTextResponse("kept")

@app.get("/files", public=True)
async def crowd(request):
    for number in range(60):
        (DATA / f"crumb{number}").touch()
    return PlainTextResponse("kept")

@app.get("/write", public=True)
async def write(request):
    try:
        (DATA / "more").write_bytes(b"x")
    except OSError as error:
        return PlainTextResponse(f"refused {error.errno}")
    return PlainTextResponse("written")

@app.get("/delete", public=True)
async def delete(request):
    for path in DATA.iterdir():
        path.unlink()
    return PlainTextResponse("deleted")
"""
LIMITS = Limits(disk=4 << 20, files=50)


def test_usage_counts_what_is_held_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "file").write_bytes(b"x" * 8192)
    (tmp_path / "link").symlink_to("/usr")
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 40)

    found = usage(tmp_path, LIMITS)

    assert (found.files, 8192 <= found.bytes < 65536) == (5, True)


def test_usage_stops_counting_when_a_limit_is_passed(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / str(number)).touch()

    found = usage(tmp_path, LIMITS)

    assert found == Usage(0, LIMITS.files + 1)


async def died(supervision: Supervision) -> ReleaseStatus:
    async with asyncio.timeout(15):
        while True:
            [status] = await supervision.status()
            if status.deaths and status.state is ReleaseState.READY:
                return status
            await asyncio.sleep(0.05)


async def test_too_many_bytes_end_a_worker_and_the_next_may_only_delete(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(HOARDER, disk=LIMITS.disk))
    await ask(armed.socket, "/bytes")

    status = await died(supervision)
    refused = await ask(armed.socket, "/write")
    deleted = await ask(armed.socket, "/delete")
    async with asyncio.timeout(15):
        while (await ask(armed.socket, "/write"))[1] != "written":  # noqa: ASYNC110  another process
            await asyncio.sleep(0.3)

    assert status.why == (TOO_MANY_BYTES.said(size=LIMITS.disk),)
    assert (refused[1], deleted) == ("refused 27", (200, "deleted"))


async def test_too_many_files_end_a_worker(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(HOARDER, files=LIMITS.files))
    await ask(armed.socket, "/files")

    status = await died(supervision)

    assert status.why == (TOO_MANY_FILES.said(files=LIMITS.files),)


async def test_the_listener_of_the_platform_outlives_the_host(supervision: Supervision, write: Write) -> None:
    spec = write("")
    first = await supervision.api_listener(spec.app_id)
    path = first.getsockname()
    first.close()
    waiting = asyncio.create_task(ask(Path(path)))
    await asyncio.sleep(0.1)

    second = await supervision.api_listener(spec.app_id)
    peer, _ = await asyncio.get_running_loop().sock_accept(second)
    peer.setblocking(True)
    peer.recv(4096)
    peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nat last")
    peer.close()

    assert await waiting == (200, "at last")
    assert (second.getsockname(), os.stat(Path(path).parent).st_mode & 0o777) == (path, 0o710)
    second.close()
