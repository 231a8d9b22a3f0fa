"""The only way into the journal: an actor that takes what is queued, judges it, writes it, commits, then answers.

The size of a batch follows the load by itself: there is no timer. Several processes may each run one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from yimen_host.core.clock import Clock
from yimen_host.core.database import Database
from yimen_host.core.errors import TryLater
from yimen_host.payments.decision import Decision, Refused
from yimen_host.payments.ledger import store
from yimen_host.payments.ledger.draft import Draft, fingerprint
from yimen_host.payments.ledger.rule import Accepted, Books, Outcome, Reason, Refusal, judge, settle

MAX_QUEUE = 4096  # some tenths of a second of work; past that it is kinder to say "later" at once
MAX_TRIES = 5  # of one batch, when another process was in the way or the connection broke
RETRY_SECONDS = 0.02
RECONNECT_SECONDS = 0.2  # and a little longer each time: a restarted server is back within three seconds
ID_CACHE = 200_000  # account codes a process remembers; about 30 MB
_log = logging.getLogger(__name__)

Companion = Callable[[AsyncSession], Awaitable[Decision]]
"""Writes that belong to a posting, in its transaction: guards and events. Refusing undoes them and the posting."""


@dataclass(slots=True, eq=False)
class Waiting:
    """One request in the queue."""

    draft: Draft
    fingerprint: str
    companion: Companion | None
    answer: "asyncio.Future[Outcome]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """Posts drafts to the journal, many in one commit."""

    def __init__(self, database: Database, clock: Clock, *, workers: int = 1) -> None:
        self._database = database
        self._clock = clock
        self._workers = workers
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue(MAX_QUEUE)
        self._ids: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to take requests."""
        self._tasks = [asyncio.create_task(self._work(), name=f"ledger-{n}") for n in range(self._workers)]

    async def stop(self) -> None:
        """Write what is queued, then end."""
        await self._queue.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def post(self, draft: Draft, companion: Companion | None = None) -> Outcome:
        """Post a draft and answer after its commit.

        ``companion`` runs in the same transaction once the rule has accepted the draft, and can still refuse it. It
        does not run when the draft was posted before. Raises TryLater when the queue is full.
        """
        waiting = Waiting(draft, fingerprint(draft), companion)
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise TryLater("the ledger has more to write than it can hold") from None
        return await waiting.answer

    async def _work(self) -> None:
        connection: AsyncConnection | None = None
        try:
            while True:
                batch = await self._next_batch()
                try:
                    connection = await self._write_through_breaks(connection, batch)
                except Exception as error:  # noqa: BLE001 - the actor's outermost edge: the callers get it, the actor lives
                    _fail(batch, error)
                finally:
                    for _ in batch:
                        self._queue.task_done()
        finally:
            if connection is not None:
                await connection.close()

    async def _write_through_breaks(
        self, connection: AsyncConnection | None, batch: Sequence[Waiting]
    ) -> AsyncConnection:
        """Write a batch, over a new connection when the old one breaks: the keys make trying again harmless.

        Raises TryLater when the database stays away.
        """
        for attempt in range(1, MAX_TRIES + 1):
            try:
                connection = connection or await self._database.engine.connect()
                await self._write_or_split(connection, batch)
            except (DBAPIError, psycopg.Error, OSError, TimeoutError) as error:
                if connection is not None and not await _broken(connection):
                    raise
                _log.warning("the ledger lost its connection: %s", error)
                if connection is not None:
                    await connection.invalidate()
                    await connection.close()
                    connection = None
                await asyncio.sleep(RECONNECT_SECONDS * attempt)
            else:
                return connection
        raise TryLater("the ledger's database is away")

    async def _next_batch(self) -> list[Waiting]:
        await asyncio.sleep(0)  # those who were just answered may ask again at once: let them join, for a fuller batch
        batch = [await self._queue.get()]
        while len(batch) < store.MAX_BATCH and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch

    async def _write_or_split(self, connection: AsyncConnection, batch: Sequence[Waiting]) -> None:
        """Write a batch; when it fails, write its halves, so that one bad item fails alone."""
        try:
            await self._write_with_retries(connection, batch)
        except Exception as error:
            if len(batch) == 1 or await _broken(connection):
                raise
            _log.warning("a ledger batch of %d failed and is split: %r", len(batch), error)
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                try:
                    await self._write_or_split(connection, half)
                except Exception as again:  # noqa: BLE001 - told to the callers of this half, the other goes on
                    _fail(half, again)

    async def _write_with_retries(self, connection: AsyncConnection, batch: Sequence[Waiting]) -> None:
        for attempt in range(1, MAX_TRIES + 1):
            try:
                outcomes = await self._write(connection, batch)
            except (DBAPIError, psycopg.Error) as error:
                if await _broken(connection):
                    raise
                await connection.rollback()
                if attempt == MAX_TRIES or not _worth_retrying(error):
                    raise
                await asyncio.sleep(RETRY_SECONDS * attempt)
            except BaseException:
                await connection.rollback()
                raise
            else:
                for waiting, outcome in zip(batch, outcomes, strict=True):
                    if not waiting.answer.done():
                        waiting.answer.set_result(outcome)
                return

    async def _write(self, connection: AsyncConnection, batch: Sequence[Waiting]) -> list[Outcome]:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await connection.begin()
        resolved = [w.draft.resolves for w in batch if w.draft.resolves is not None]
        originals = await store.originals(raw, resolved) if resolved else {}
        legs = [leg for w in batch for leg in w.draft.legs]
        legs += [leg for original in originals.values() for leg in original.legs]
        if missing := {code: amount.currency for code, amount in legs if code not in self._ids}:
            await self._remember(raw, missing)
            await connection.commit()  # an empty account does no harm, and opening it here would hold its key locked
            await connection.begin()
        opening = await store.open_batch(
            raw,
            ids={self._ids[leg.account] for leg in legs},
            keys={w.draft.key for w in batch},
            originals=originals,
            now=self._clock.now(),
        )
        if any(waiting.companion for waiting in batch):
            outcomes = await _judge_with_companions(connection, opening.books, batch)
        else:
            outcomes = settle(opening.books, [(waiting.draft, waiting.fingerprint) for waiting in batch])
        if opening.books.taken:
            await store.write_batch(raw, opening)
        await connection.commit()
        return outcomes

    async def _remember(self, raw: store.Raw, missing: dict[str, str]) -> None:
        if len(self._ids) + len(missing) > ID_CACHE:
            self._ids.clear()
        self._ids |= await store.account_ids(raw, missing)


async def _judge_with_companions(connection: AsyncConnection, books: Books, batch: Sequence[Waiting]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    async with AsyncSession(connection, expire_on_commit=False, join_transaction_mode="rollback_only") as session:
        for waiting in batch:
            verdict = judge(books, waiting.draft, waiting.fingerprint)
            if isinstance(verdict, Accepted):
                decision = await _accompany(session, waiting.companion)
                if isinstance(decision, Refused):
                    outcomes.append(Refusal(waiting.draft.key, Reason.GUARD, decision.reason))
                    continue
                verdict = books.take(verdict)
            outcomes.append(verdict)
    return outcomes


async def _accompany(session: AsyncSession, companion: Companion | None) -> Decision | None:
    if companion is None:
        return None
    savepoint = await session.begin_nested()
    decision = await companion(session)
    if isinstance(decision, Refused):
        await savepoint.rollback()
    else:
        await savepoint.commit()
    return decision


async def _broken(connection: AsyncConnection) -> bool:
    """Whether the server has gone: SQLAlchemy does not see it, because the posting path goes past it."""
    if connection.closed or connection.invalidated:
        return True
    raw = (await connection.get_raw_connection()).driver_connection
    return raw is None or bool(raw.closed)


def _worth_retrying(error: DBAPIError | psycopg.Error) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(
        cause, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected | psycopg.errors.UniqueViolation
    )


def _fail(batch: Sequence[Waiting], error: BaseException) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
