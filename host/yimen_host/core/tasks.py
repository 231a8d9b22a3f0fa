"""Tasks that go on in the background until they are stopped."""

import asyncio


async def stopped(*tasks: asyncio.Task[None] | None) -> None:
    """Cancel tasks and wait for their end. Whoever calls this keeps them no longer.

    A cancelled task keeps what it was doing: a connection to PostgreSQL that it had begun stays half open, and the
    server waits for its password for a minute, in which no database there can be dropped.
    """
    begun = [task for task in tasks if task is not None]
    for task in begun:
        task.cancel()
    await asyncio.gather(*begun, return_exceptions=True)
