"""The only way into the journal: an actor that takes what is queued, judges it, writes it, commits, then answers.

The size of a batch follows the load by itself: there is no timer. Several processes may each run one.
"""

import asyncio
import logging
from collections.abc import Sequence

import psycopg
from sqlalchemy.exc import DBAPIError

from yimen_host.core.clock import Clock
from yimen_host.core.database import Database
from yimen_host.core.errors import TryLater
from yimen_host.core.tasks import stopped
from yimen_host.payments.ledger.batch import Scribe
from yimen_host.payments.ledger.draft import Draft, fingerprint
from yimen_host.payments.ledger.queue import Companion, Queue, Waiting
from yimen_host.payments.ledger.rule import Outcome
from yimen_host.payments.ledger.wire import Wire

WORKERS = 2  # one batch is prepared and judged here while PostgreSQL writes the other; more gain nothing
MAX_TRIES = 5  # of one batch, when another process was in the way or the connection broke
RETRY_SECONDS = 0.02
RECONNECT_SECONDS = 0.2  # and a little longer each time: a restarted server is back within three seconds
_log = logging.getLogger(__name__)


class Writer:
    """Posts drafts to the journal, many in one commit."""

    def __init__(self, database: Database, clock: Clock, *, workers: int = WORKERS) -> None:
        self._database = database
        self._scribe = Scribe(clock)
        self._workers = workers
        self._queue = Queue(workers)
        self._tasks: list[asyncio.Task[None]] = []
        self.batches = self.written = 0
        """Commits, and requests written in them, since this process began."""

    @property
    def queued(self) -> int:
        """How many requests wait to be written."""
        return len(self._queue)

    async def start(self) -> None:
        """Begin to take requests."""
        self._tasks = [asyncio.create_task(self._work(), name=f"ledger-{n}") for n in range(self._workers)]

    async def stop(self) -> None:
        """Write what is queued, then end."""
        await self._queue.join()
        tasks, self._tasks = self._tasks, []
        await stopped(*tasks)

    async def post(self, draft: Draft, companion: Companion | None = None) -> Outcome:
        """Post a draft and answer after its commit.

        ``companion`` runs in the same transaction once the rule has accepted the draft, and can still refuse it. It
        does not run when the draft was posted before. Raises TryLater when the queue is full.
        """
        touches = tuple([leg.account for leg in draft.legs]) or (f"resolves {draft.resolves}",)
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        waiting = Waiting(draft, fingerprint(draft), companion, touches, answer)
        self._queue.put(waiting)
        return await answer

    async def _work(self) -> None:
        async with Wire(self._database) as wire:
            while True:
                batch = await self._queue.take()
                try:
                    await self._write_through_breaks(wire, batch)
                except Exception as error:  # noqa: BLE001 - the actor's outermost edge: the callers get it, the actor lives
                    _fail(batch, error)
                finally:
                    self._queue.done(batch)

    async def _write_through_breaks(self, wire: Wire, batch: Sequence[Waiting]) -> None:
        """Write a batch, over a new connection when the old one breaks: the keys make trying again harmless.

        Raises TryLater when the database stays away.
        """
        for attempt in range(1, MAX_TRIES + 1):
            try:
                await self._write_or_split(wire, batch)
            except (DBAPIError, psycopg.Error, OSError, TimeoutError) as error:
                if wire.sound:
                    raise
                _log.warning("the ledger lost its connection: %s", error)
                await wire.close()
                await asyncio.sleep(RECONNECT_SECONDS * attempt)
                batch = [waiting for waiting in batch if not waiting.answer.done()]
            else:
                return
        raise TryLater("the ledger's database is away")

    async def _write_or_split(self, wire: Wire, batch: Sequence[Waiting]) -> None:
        """Write a batch; when it fails, write its halves, so that one bad item fails alone."""
        try:
            await self._write_with_retries(wire, batch)
        except Exception as error:
            if len(batch) == 1 or not wire.sound:
                raise
            _log.warning("a ledger batch of %d failed and is split: %r", len(batch), error)
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                try:
                    await self._write_or_split(wire, half)
                except Exception as again:
                    if not wire.sound:
                        raise
                    _fail(half, again)

    async def _write_with_retries(self, wire: Wire, batch: Sequence[Waiting]) -> None:
        connection = await wire.connection()
        for attempt in range(1, MAX_TRIES + 1):
            try:
                outcomes = await self._scribe.write(connection, batch)
            except (DBAPIError, psycopg.Error) as error:
                if not wire.sound:
                    raise
                await self._scribe.undo(connection)
                if attempt == MAX_TRIES or not _worth_retrying(error):
                    raise
                await asyncio.sleep(RETRY_SECONDS * attempt)
            except Exception:  # not when this task is ended: its connection is closed then, which undoes as well
                await self._scribe.undo(connection)
                raise
            else:
                self.batches += 1
                self.written += len(batch)
                for waiting, outcome in zip(batch, outcomes, strict=True):
                    if not waiting.answer.done():
                        waiting.answer.set_result(outcome)
                return


def _worth_retrying(error: DBAPIError | psycopg.Error) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(
        cause, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected | psycopg.errors.UniqueViolation
    )


def _fail(batch: Sequence[Waiting], error: BaseException) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
