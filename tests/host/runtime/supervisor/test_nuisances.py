"""Mini-apps that will not stop talking, will not end, or give their place away: the others and the supervisor go on."""

import asyncio
import os
import re

from tests.host.runtime.conftest import Write, ask

from yimen_host.runtime.supervision import Supervision

FLOOD = """
@app.get("/", public=True)
async def flood(request):
    for number in range(40_000):
        print("x" * 100, number)
    sys.stdout.flush()
    return PlainTextResponse("flooded")
"""
DEAF = """
import signal

@app.get("/", public=True)
async def deaf(request):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
    return PlainTextResponse(str(os.getpid()))
"""
THIEF = """
import socket

@app.get("/", public=True)
async def steal(request):
    for descriptor in range(3, 64):
        try:
            found = socket.socket(fileno=os.dup(descriptor))
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                found.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
    os._exit(0)
"""
WELL = """
@app.get("/", public=True)
async def well(request):
    return PlainTextResponse("well")
"""


def alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_flood_of_lines_is_cut_and_counted(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(FLOOD, log_lines=100))
    beside = await supervision.arm(write(WELL, app_id="well"))

    answer = await ask(armed.socket)
    told = await supervision.log("probe", "1.0", lines=10_000)

    assert answer == (200, "flooded")
    assert await ask(beside.socket) == (200, "well")
    losses = re.fullmatch(
        r"\* (\d+) lines over the limit of 100 lines and 1048576 bytes a minute were dropped", told[-1]
    )
    assert losses
    assert len(told) == 101
    assert int(losses[1]) > 30_000


async def test_a_worker_that_does_not_hear_is_ended_all_the_same(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(DEAF, drain_seconds=0.5))
    await ask(armed.socket)
    (status,) = await supervision.status()
    assert status.pid is not None
    before = alive(status.pid)

    await supervision.disarm("probe", "1.0")

    assert (before, alive(status.pid), await supervision.status()) == (True, False, [])


async def test_a_listener_that_was_given_away_is_made_anew(supervision: Supervision, write: Write) -> None:
    armed = await supervision.arm(write(THIEF))
    beside = await supervision.arm(write(WELL, app_id="well"))

    starts = []
    for _ in range(2):  # without a new socket the second visitor would be refused, and the release wake for ever
        await ask(armed.socket)
        await asyncio.sleep(0.5)
        starts.append([status.starts for status in await supervision.status() if status.app_id == "probe"])

    assert starts == [[1], [2]]
    assert await supervision.log("probe", "1.0") == ["* its worker shut its socket down; it gets a new one"] * 2
    assert await ask(beside.socket) == (200, "well")
