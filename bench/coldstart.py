"""The first byte of a sleeping release, through the gateway, against `python -m uvicorn` of the same application."""

import socket
import time

from bench.measure import conclude, median, percentile
from bench.stage import APP, COOKIE, arm, bare_program, gateway, stage, wait_until_asleep
from yimen_host.runtime.contract import Limits

OURS, YARDSTICK = 30, 8
IDLE_SECONDS = 0.1


def main() -> None:
    """Measure both."""
    with stage() as made:
        release = arm(made, made.spec(idle_seconds=IDLE_SECONDS, processor=Limits().processor))
        with gateway(release) as (port, _):
            first_byte(port, f"{APP}.localhost:{port}")
            ours = []
            for _ in range(OURS):
                wait_until_asleep(made)
                began = time.perf_counter()
                first_byte(port, f"{APP}.localhost:{port}")
                ours.append((time.perf_counter() - began) * 1000)
    yardstick = [_fresh_process() for _ in range(YARDSTICK)]
    conclude(
        "coldstart",
        ratio=median(yardstick) / median(ours),
        p50_ms=median(ours),
        p90_ms=percentile(ours, 0.9),
        uvicorn_ms=median(yardstick),
        uvicorn_p90_ms=percentile(yardstick, 0.9),
        rounds=OURS,
    )


def first_byte(port: int, host: str) -> None:
    """Ask, and wait for the first byte of a good answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: __Host-yimen={COOKIE}\r\n\r\n".encode())
        start = peer.recv(4096)
    if not start.startswith(b"HTTP/1.1 200"):
        raise AssertionError(f"not an answer: {start[:200]!r}")


def _fresh_process() -> float:
    began = time.perf_counter()
    with bare_program() as (port, _):
        while True:
            try:
                first_byte(port, f"127.0.0.1:{port}")
            except ConnectionRefusedError:
                time.sleep(0.001)
            else:
                return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
