"""A mini-app's answer times through the gateway, alone and while another one does everything to hurt it."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from bench.measure import conclude, percentile
from bench.stage import APP, COOKIE, Stage, arm, gateway, rearm_when_quarantined, stage

SECONDS = float(os.environ.get("YIMEN_BENCH_NEIGHBOUR_SECONDS", "120"))
"""Under attack, and half as long before it alone."""
RATE, CONNECTIONS = 100, 4
"""Requests a second to the neighbour: a busy mini-app that leaves the machine mostly idle."""
_PROVOKE_SECONDS = 1.0


def main() -> None:
    """Measure alone, then under attack."""
    with stage() as made:
        release = arm(made, made.spec())
        hostile = made.spec(app_id="hostile", module="yimen_hostile", processor=0.5)
        attacker = arm(made, hostile)
        with gateway(release) as (port, _):
            asyncio.run(_measure(port, 2.0, lambda: None))
            alone, failed_alone = asyncio.run(_measure(port, SECONDS / 2, lambda: None))
            provoke = _provoker(made, attacker, lambda: rearm_when_quarantined(made, hostile))
            beside, failed = asyncio.run(_measure(port, SECONDS, provoke))
    p99_ratio = percentile(beside, 0.99) / percentile(alone, 0.99)
    conclude(
        "neighbour",
        ratio=p99_ratio,
        p99_ratio=p99_ratio,
        failed=failed + failed_alone,
        p50_alone_ms=percentile(alone, 0.5),
        p50_ms=percentile(beside, 0.5),
        p99_alone_ms=percentile(alone, 0.99),
        p99_ms=percentile(beside, 0.99),
        max_ms=max(beside),
        requests=len(beside),
    )


def _provoker(made: Stage, socket: Path, rearm: Callable[[], None]) -> Callable[[], None]:
    async def ask(path: str) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PROVOKE_SECONDS):
                reader, writer = await asyncio.open_unix_connection(socket)
                writer.write(f"GET {path} HTTP/1.1\r\nHost: hostile.localhost\r\nConnection: close\r\n\r\n".encode())
                await reader.read()
                writer.close()

    def provoke() -> None:
        rearm()
        asyncio.run(ask("/"))
        asyncio.run(ask("/block"))

    return provoke


async def _measure(port: int, seconds: float, meanwhile: Callable[[], None]) -> tuple[list[float], int]:
    """Ask at a fixed rate, whatever the answers take; count the time from when a request was due."""
    until = time.perf_counter() + seconds
    times: list[float] = []
    clients = [asyncio.create_task(_client(port, number, until, times)) for number in range(CONNECTIONS)]
    while time.perf_counter() < until:
        await asyncio.to_thread(meanwhile)
        await asyncio.sleep(_PROVOKE_SECONDS)
    return times, sum(await asyncio.gather(*clients))


async def _client(port: int, number: int, until: float, times: list[float]) -> int:
    request = f"GET / HTTP/1.1\r\nHost: {APP}.localhost:{port}\r\nCookie: __Host-yimen={COOKIE}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    pace = CONNECTIONS / RATE
    due, failed = time.perf_counter() + number / RATE, 0
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        times.append((time.perf_counter() - due) * 1000)
        failed += not head.startswith(b"HTTP/1.1 200")
        due += pace
    writer.close()
    return failed


if __name__ == "__main__":
    main()
