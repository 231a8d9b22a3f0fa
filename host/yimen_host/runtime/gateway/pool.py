"""The connections to workers: the spare ones by socket, and one clock over those in use."""

import asyncio
from collections import deque
from pathlib import Path

from yimen_host.runtime.gateway.upstream import Upstream, UpstreamFailed, now

CONNECT_SECONDS = 2.0
SPARE_SECONDS = 2.0
"""An unused connection is closed after this; a worker without connections can go to sleep, and loses nothing."""
MOST_SPARE = 64
_SWEEP_SECONDS = 0.25


class Pool:
    """The spare connections by socket, and the clock over those in use."""

    def __init__(self) -> None:
        self._spare: dict[Path, deque[Upstream]] = {}
        self._used: set[Upstream] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def take(self, path: Path, *, fresh: bool = False) -> Upstream:
        """Return a connection to a socket, a spare one if there is and `fresh` is not asked. Raises UpstreamFailed."""
        if not fresh and (spare := self.spare(path)):
            return spare
        upstream = Upstream()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.create_unix_connection(lambda: upstream, str(path))
        except BlockingIOError as error:
            raise UpstreamFailed("full") from error
        except (OSError, TimeoutError) as error:
            raise UpstreamFailed("refused") from error
        return self._use(upstream)

    def spare(self, path: Path) -> Upstream | None:
        """Return a connection that stands already, if there is one."""
        spare = self._spare.get(path)
        while spare:
            upstream = spare.pop()
            if upstream.is_open:
                return self._use(upstream)
        return None

    def give_back(self, path: Path, upstream: Upstream) -> None:
        """Keep the connection for the next request, or close it."""
        self._used.discard(upstream)
        upstream.on_news = None
        upstream.rest()
        if not upstream.reusable:
            upstream.close()
            return
        spare = self._spare.get(path)
        if spare is None:
            spare = self._spare[path] = deque()
        if len(spare) >= MOST_SPARE:
            upstream.close()
            return
        upstream.spare_since = now()
        spare.append(upstream)

    def close(self) -> None:
        """Close every connection."""
        if self._sweeping:
            self._sweeping.cancel()
            self._sweeping = None
        for spare in self._spare.values():
            for upstream in spare:
                upstream.close()
        self._spare.clear()
        for upstream in list(self._used):
            upstream.fail("closed")

    def _use(self, upstream: Upstream) -> Upstream:
        self._used.add(upstream)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)
        return upstream

    def _sweep(self) -> None:
        """End what takes too long and close what nobody used: one timer for all, not one a request."""
        moment = now()
        for upstream in [used for used in self._used if used.deadline < moment]:
            upstream.fail("slow")
        for path, spare in list(self._spare.items()):
            while spare and (spare[0].spare_since + SPARE_SECONDS < moment or not spare[0].is_open):
                spare.popleft().close()
            if not spare:
                del self._spare[path]
        more = self._used or self._spare
        self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep) if more else None
