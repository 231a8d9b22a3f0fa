"""One process's part in telling: its counts to its neighbours, and everything to the operator's monitoring."""

from pathlib import Path

from yimen_host.core.services import Services
from yimen_host.runtime.metrics.counts import Counted
from yimen_host.runtime.metrics.neighbours import Telling
from yimen_host.runtime.metrics.scraping import Scraping
from yimen_host.runtime.metrics.view import View, look
from yimen_host.runtime.supervision import Supervision

HOST, JOBS = "host", "jobs"


class Reporting:
    """Begins and ends both."""

    def __init__(self, services: Services, supervision: Supervision, run_dir: Path, counted: Counted) -> None:
        self._database = services.database
        self._supervision = supervision
        self._run_dir = run_dir
        self._counted = counted
        self._address = services.settings.metrics
        self._telling: Telling | None = None
        self._scraping: Scraping | None = None

    async def start(self, kind: str) -> None:
        """Tell the neighbours as a process of this kind. Only hosts answer scrapes: there is one everywhere."""
        self._telling = Telling(self._run_dir, kind, self._counted.counts)
        await self._telling.start()
        if self._address is not None and kind == HOST:
            self._scraping = Scraping(self._address, self._run_dir, self._look)
            await self._scraping.start()

    async def stop(self) -> None:
        """Tell nobody any more."""
        if self._scraping is not None:
            await self._scraping.stop()
        if self._telling is not None:
            await self._telling.stop()

    async def _look(self) -> View:
        return await look(self._database, self._supervision, self._run_dir)
