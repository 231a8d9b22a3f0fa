"""Tasks that go on in the background until they are stopped."""

import asyncio


async def stopped(task: asyncio.Task[None] | None) -> None:
    """Cancel a task and wait for its end. Whoever calls this keeps the task no longer.

    A cancelled task keeps what it was doing: a connection to PostgreSQL that it had begun stays half open, and the
    server waits for its password for a minute, in which no database there can be dropped.
    """
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
