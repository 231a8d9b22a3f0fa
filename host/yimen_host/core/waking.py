"""The jobs worker's ear at the database: it hears that there may be work, and nothing else that anybody says.

Mini-apps' roles are on the same database and may speak on every channel. What to do, and what to stop, is in the
tables.
"""

import asyncio
import json
from collections.abc import Iterable

from procrastinate import PsycopgConnector
from procrastinate.connector import Notify

from yimen_host.core.tasks import stopped

PAUSE_SECONDS = 0.05
"""Between two looks for work, however often it is said that there is some."""
_LOOK = json.dumps({"type": "job_inserted", "queue": "", "job_id": 0})


class WakingConnector(PsycopgConnector):
    """Takes every notice for: look whether there is work."""

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Listen for as long as the worker lives; what a notice says is not read."""
        said = asyncio.Event()

        async def note(*, channel: str, payload: str) -> None:
            said.set()  # at once: what nobody reads piles up at the server until nobody can speak

        async def wake() -> None:
            while True:
                await said.wait()
                said.clear()
                await on_notification(channel="", payload=_LOOK)
                await asyncio.sleep(PAUSE_SECONDS)

        waking = asyncio.create_task(wake())
        try:
            await super().listen_notify(on_notification=note, channels=channels)
        finally:
            await stopped(waking)
