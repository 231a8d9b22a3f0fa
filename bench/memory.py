"""What a further mini-app costs in memory: one that runs and is idle, and one that is installed and asleep."""

import asyncio
import time
from pathlib import Path

from bench.measure import conclude, proportional_memory
from bench.stage import APP, Stage, arm, processes, stage, worker_of

RUNNING, SLEEPING = 20, 100
_REQUESTS = 5
_SETTLE_SECONDS = 1.0


def main() -> None:
    """Measure proportional set sizes: shared pages are divided among those who share them."""
    with stage() as made:
        awake = [_awake(made, number) for number in range(RUNNING)]
        time.sleep(_SETTLE_SECONDS)
        per_app = (proportional_memory(awake) - proportional_memory(awake[:1])) / (RUNNING - 1)
        one = proportional_memory(awake[:1])
    with stage() as made:
        arm(made, made.spec())
        before = proportional_memory(processes(made))
        for number in range(SLEEPING):
            arm(made, made.spec(app_id=f"{APP}{number}"))
        time.sleep(_SETTLE_SECONDS)
        sleeping = proportional_memory(processes(made)) - before
    conclude(
        "memory",
        ratio=one / per_app,
        pss_mib_per_app=per_app,
        sleeping_mib=sleeping,
        running=RUNNING,
        sleeping=SLEEPING,
    )


def _awake(made: Stage, number: int) -> int:
    app_id = f"{APP}{number}"
    socket = arm(made, made.spec(app_id=app_id))
    asyncio.run(_visit(socket))
    return worker_of(made, app_id)


async def _visit(socket: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(socket)
    for _ in range(_REQUESTS):
        writer.write(b"GET / HTTP/1.1\r\nHost: tiny.localhost\r\n\r\n")
        await reader.readuntil(b"}")
    writer.close()


if __name__ == "__main__":
    main()
