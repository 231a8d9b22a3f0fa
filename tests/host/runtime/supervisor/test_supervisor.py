"""Releases under a real supervisor: woken, put to sleep, replaced, killed, quarantined, drained."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from tests.host.runtime.conftest import Write, ask

from yimen_host.runtime.complaints import EXITED, NOT_PREPARED, STOOD_STILL, THREE_DEATHS
from yimen_host.runtime.contract import ReleaseSpec, ReleaseState, ReleaseStatus
from yimen_host.runtime.supervision import Supervision, SupervisorRefused

HELLO = """
@app.get("/", public=True)
async def home(request):
    return PlainTextResponse("hello")

@app.get("/slow", public=True)
async def slow(request):
    await asyncio.sleep(0.6)
    return PlainTextResponse("at last")

@app.get("/die", public=True)
async def die(request):
    os._exit(9)

@app.get("/about", public=True)
async def about(request):
    Path(os.environ["YIMEN_APP_DATA"], "note").write_text("kept")
    return JSONResponse({"environment": sorted(os.environ), "root": sorted(os.listdir("/app"))})
"""


async def state(supervision: Supervision) -> ReleaseStatus:
    """Return the only release's status."""
    [status] = await supervision.status()
    return status


async def until(supervision: Supervision, wanted: ReleaseState) -> ReleaseStatus:
    """Wait until the only release is in a state."""
    async with asyncio.timeout(15):
        while (status := await state(supervision)).state is not wanted:  # noqa: ASYNC110  another process
            await asyncio.sleep(0.02)
    return status


async def test_first_connection_wakes_a_sleeping_release(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(HELLO))
    before = await state(supervision)

    answer = await ask(armed.socket)

    after = await state(supervision)
    assert (before.state, before.pid, before.starts) == (ReleaseState.READY, None, 0)
    assert answer == (200, "hello")
    assert (after.state, after.starts, after.deaths) == (ReleaseState.RUNNING, 1, 0)


async def test_arming_twice_gives_the_same_socket(supervision: Supervision, write: Write) -> None:
    spec = write(HELLO)

    first = await supervision.arm(spec)
    second = await supervision.arm(spec)

    assert first == second
    assert len(await supervision.status()) == 1


async def test_many_releases_wake_at_once_without_waiting_for_each_other(
    supervision: Supervision, write: Write
) -> None:
    armed = [await supervision.arm(write(HELLO, app_id=f"probe{number}")) for number in range(6)]

    answers = await asyncio.gather(*(ask(one.socket) for one in armed))

    starts = [(status.starts, status.log_tail) for status in await supervision.status()]
    assert answers == [(200, "hello")] * 6
    assert starts == [(1, ())] * 6


async def test_an_idle_release_sleeps_and_wakes_again(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(HELLO, idle_seconds=0.1))
    await ask(armed.socket)

    asleep = await until(supervision, ReleaseState.READY)
    answer = await ask(armed.socket)

    assert (asleep.pid, asleep.deaths) == (None, 0)
    assert answer == (200, "hello")
    assert (await state(supervision)).starts == 2


async def test_connections_wait_while_a_killed_worker_is_replaced(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(HELLO))
    await ask(armed.socket)
    victim = (await state(supervision)).pid
    assert victim is not None

    os.kill(victim, signal.SIGKILL)
    answers = await asyncio.gather(*(ask(armed.socket) for _ in range(5)))

    status = await until(supervision, ReleaseState.RUNNING)
    assert answers[-1] == (200, "hello")
    assert (status.starts, status.deaths, status.pid != victim) == (2, 1, True)


async def test_three_deaths_in_a_minute_quarantine_a_release(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(HELLO))

    for _ in range(3):
        await ask(armed.socket, "/die")
    status = await until(supervision, ReleaseState.QUARANTINED)

    assert status.deaths == 3
    assert status.why == (THREE_DEATHS.said(), EXITED.said(status=9))
    assert not armed.socket.exists()


async def test_a_release_that_cannot_load_says_why_in_its_log(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write("import no_such_module"))

    answer = await ask(armed.socket)
    await until(supervision, ReleaseState.QUARANTINED)

    assert answer == (0, "")
    assert "No module named 'no_such_module'" in "\n".join(await supervision.log("probe", "1.0"))


async def test_disarming_lets_a_request_under_way_finish(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(HELLO))
    await ask(armed.socket)
    slow = asyncio.create_task(ask(armed.socket, "/slow"))
    await asyncio.sleep(0.2)

    await supervision.disarm("probe", "1.0")

    assert await slow == (200, "at last")
    assert await supervision.status() == []
    assert not armed.socket.exists()


async def test_two_versions_are_live_at_once(supervision: Supervision, write: Write) -> None:
    first = await supervision.arm(write(HELLO))
    second = await supervision.arm(write(HELLO.replace("hello", "hello from 2"), version="2.0"))

    assert (await ask(first.socket), await ask(second.socket)) == ((200, "hello"), (200, "hello from 2"))


async def test_a_worker_sees_its_environment_and_nothing_else(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(spec := write(HELLO))

    _, body = await ask(armed.socket, "/about")

    expected = {"environment": sorted(spec.environment), "root": ["yimen_probe"]}
    assert json.loads(body) == expected
    assert (spec.data / "note").read_text() == "kept"


async def test_other_limits_hold_from_the_next_worker_on(supervision: Supervision, write: Write) -> None:
    app = (
        HELLO
        + """
import resource

@app.get("/limit", public=True)
async def limit(request):
    return JSONResponse([os.getpid(), resource.getrlimit(resource.RLIMIT_NOFILE)[0]])

@app.get("/leave", public=True)
async def leave(request):
    os._exit(0)
"""
    )
    armed = await supervision.arm(write(app, descriptors=90))
    before = json.loads((await ask(armed.socket, "/limit"))[1])

    await supervision.arm(write(app, descriptors=80))
    meanwhile = json.loads((await ask(armed.socket, "/limit"))[1])
    await ask(armed.socket, "/leave")
    after = json.loads((await ask(armed.socket, "/limit"))[1])

    assert meanwhile == before
    assert (before[1], after[1]) == (90, 80)
    assert (await supervision.status())[0].deaths == 0


async def test_a_blocked_event_loop_is_ended(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(
        write(
            HELLO
            + """
@app.get("/block", public=True)
async def block(request):
    while True:
        pass
"""
        )
    )

    answer = await asyncio.wait_for(ask(armed.socket, "/block"), 30)

    status = await until(supervision, ReleaseState.READY)
    assert answer == (0, "")
    assert (status.deaths, status.why) == (1, (STOOD_STILL.said(),))


async def test_a_template_of_an_unknown_place_is_told(supervision: Supervision, write: Write) -> None:
    spec = write(HELLO)
    wrong = ReleaseSpec(**{**vars(spec), "environment": {**spec.environment, "X": "{elsewhere}"}})
    armed = await supervision.arm(wrong)

    await ask(armed.socket)
    status = await until(supervision, ReleaseState.QUARANTINED)

    told = "{elsewhere} is not a place of a release: it has data, tree"
    assert status.why == (THREE_DEATHS.said(), NOT_PREPARED.said(error=told))


async def test_the_log_of_an_unknown_release_is_refused(supervision: Supervision) -> None:
    with pytest.raises(SupervisorRefused, match=r"ghost 1\.0 is not armed"):
        await supervision.log("ghost", "1.0")


async def test_the_supervisor_leaves_no_process_behind(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(
        write(HELLO.replace('PlainTextResponse("hello")', "PlainTextResponse(str(os.fork() and 1))"))
    )
    reader, writer = await asyncio.open_unix_connection(armed.socket)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    pid = (await state(supervision)).pid
    assert pid is not None

    await supervision.disarm("probe", "1.0")

    assert not _with_parent(pid)
    writer.close()


def _with_parent(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return found
