"""Requests that arrive just when a worker goes to sleep: none may be lost."""

import asyncio
import random
import time
from pathlib import Path

from bench.measure import conclude
from bench.stage import arm, stage, starts_of

CROSSINGS = 1000
IDLE_SECONDS = 0.05
EARLIEST, LATEST = 0.8, 2.4
"""Of the idle time: a worker looks at most that much later."""
_ANSWER_SECONDS = 20.0
_AT_ONCE = 4


def main() -> None:
    """Send requests around the moment of falling asleep until the worker has slept a thousand times."""
    with stage() as made:
        apps = [f"tiny{number}" for number in range(_AT_ONCE)]
        sockets = [arm(made, made.spec(app_id=app, idle_seconds=IDLE_SECONDS)) for app in apps]
        began = time.monotonic()
        sent = lost = crossings = 0
        while crossings < CROSSINGS:
            results = asyncio.run(_round(sockets))
            sent += len(results)
            lost += results.count(False)
            crossings = sum(starts_of(made)) - len(apps)
        took = time.monotonic() - began
    conclude("idle", ratio=(sent - lost) / sent, crossings=crossings, lost=lost, sent=sent, seconds=took)


async def _round(sockets: list[Path]) -> list[bool]:
    found = await asyncio.gather(*(_visits(socket) for socket in sockets))
    return [one for results in found for one in results]


async def _visits(socket: Path) -> list[bool]:
    answered = []
    for _ in range(30):
        answered.append(await _visit(socket))
        await asyncio.sleep(IDLE_SECONDS * random.uniform(EARLIEST, LATEST))
    return answered


async def _visit(socket: Path) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(socket)
            writer.write(b"GET / HTTP/1.1\r\nHost: tiny.localhost\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return answer.startswith(b"HTTP/1.1 200")


if __name__ == "__main__":
    main()
