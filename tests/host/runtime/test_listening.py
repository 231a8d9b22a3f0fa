"""The listener for changes outlives whatever a refresh raises: a host that waits for it starts all the same."""

import asyncio

from yimen_host.core.services import Services
from yimen_host.runtime.listening import Listener


async def test_a_refresh_that_fails_is_tried_again(services: Services) -> None:
    tries: list[int] = []

    async def refresh() -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            raise LookupError("a fault that nobody thought of")

    listener = Listener(services.database.url, {}, refresh)
    async with asyncio.timeout(10):
        await listener.start()
    await listener.stop()

    assert tries == [0, 1]
