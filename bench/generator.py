"""A plain load generator for machines without wrk: one connection a task, GET as fast as the answers come."""

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

import uvloop


async def main(url: str, headers: dict[str, str], connections: int, seconds: float) -> None:
    """Send, and print [rate, p50 ms, p99 ms, failed, requests]."""
    parts = urlsplit(url)
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": parts.netloc, **headers}.items())
    request = f"GET {parts.path or '/'} HTTP/1.1\r\n{lines}\r\n".encode()
    until = time.perf_counter() + seconds
    times: list[float] = []
    failed = sum(
        await asyncio.gather(
            *(_client(str(parts.hostname), parts.port or 80, request, until, times) for _ in range(connections))
        )
    )
    times.sort()
    middle, high = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    print(json.dumps([len(times) / seconds, middle, high, failed, len(times)]))


async def _client(host: str, port: int, request: bytes, until: float, times: list[float]) -> int:
    failed = 0
    reader, writer = await asyncio.open_connection(host, port)
    while (began := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        await reader.readexactly(length)
        times.append(time.perf_counter() - began)
        failed += not head.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3"))
    writer.close()
    return failed


if __name__ == "__main__":
    uvloop.run(main(*json.loads(sys.argv[1])))
