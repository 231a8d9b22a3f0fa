"""Sends notices to the merchant: late, several times, altered, or the very same once more a day later."""

import asyncio
import logging
from collections.abc import Coroutine

import httpx

from yimen_simulators.channels import alipay, wechat
from yimen_simulators.channels.books import Trade
from yimen_simulators.channels.notice import Notice, Sending
from yimen_simulators.channels.world import World

log = logging.getLogger("yimen.simulators.channels")
AGAIN = (1, 5, 15, 60, 300)  # seconds until a notice that was not heard is sent anew
SECONDS = 10.0


def notice(own: World, trade: Trade, sending: Sending) -> Notice:
    """The notice about a payment, in its provider's form."""
    made = wechat.notice if trade.channel == "wechat" else alipay.notice
    return made(own, trade, sending)


class Mail:
    """The notices on their way."""

    def __init__(self, own: World, client: httpx.AsyncClient | None = None) -> None:
        self._world = own
        self._client = client or httpx.AsyncClient(timeout=SECONDS)
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, trade: Trade) -> None:
        """Begin to tell the merchant about a payment, with the faults that are on."""
        faults = self._world.faults
        if faults.no_notices:
            return
        for _ in range(faults.duplicate_notices):
            self._begin(self._tell(trade, faults.notice_delay, altered=faults.altered_notices))
        if faults.replay_after:
            self._begin(self._post_later(self._notice(trade), faults.replay_after))

    async def idle(self) -> None:
        """Wait until nothing is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _tell(self, trade: Trade, delay: float, *, altered: bool) -> None:
        for pause in (delay, *AGAIN):
            await asyncio.sleep(pause)
            made = self._notice(trade)
            if await self._post(made.altered() if altered else made):
                return

    async def _post_later(self, made: Notice, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._post(made)

    def _notice(self, trade: Trade) -> Notice:
        return notice(self._world, trade, Sending(self._world.books.now()))

    async def _post(self, made: Notice) -> bool:
        """Send it; say whether the merchant heard it, in the provider's own understanding."""
        try:
            answer = await self._client.post(made.url, headers=dict(made.headers), content=made.body)
        except httpx.HTTPError as error:
            log.warning("%s does not answer: %s", made.url, error)
            return False
        alipays = made.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
        return answer.text == "success" if alipays else answer.status_code in (200, 204)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
