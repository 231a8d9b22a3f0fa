"""Writes one batch on one connection: reads the books, judges, writes and commits. Knows no queue and no retries."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from yimen_host.core.clock import Clock
from yimen_host.payments.decision import Decision, Refused
from yimen_host.payments.ledger import store
from yimen_host.payments.ledger.draft import Draft, fingerprint
from yimen_host.payments.ledger.queue import Companion, Waiting
from yimen_host.payments.ledger.rule import Accepted, Books, Outcome, Posted, Reason, Refusal, judge, settle
from yimen_host.payments.ledger.wire import raw_of

Rows = list[tuple[Any, ...]]  # Any: columns differ
Decide = Callable[[Rows], Draft | None]
NAME_CACHE = 200_000  # accounts a process remembers; about 60 MB


class Scribe:
    """Writes batches, and remembers the names of accounts between them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._names: dict[str, store.Name] = {}

    async def write(self, connection: AsyncConnection, batch: Sequence[Waiting]) -> list[Outcome]:
        """Write a batch and commit it; tell what became of each request."""
        raw = raw_of(connection)
        resolved = [w.draft.resolves for w in batch if w.draft.resolves is not None]
        originals = await store.originals(raw, resolved) if resolved else {}
        legs = [leg for w in batch for leg in w.draft.legs]
        legs += [leg for original in originals.values() for leg in original.legs]
        names = await self._names_of(raw, {code: amount.currency for code, amount in legs})
        opening = await store.open_batch(
            raw,
            accounts={name.id: name for name in names},
            keys=[w.draft.key for w in batch],
            originals=originals,
            now=self._clock.now(),
        )
        if any(waiting.companion for waiting in batch):
            await connection.begin()  # tells SQLAlchemy, whose sessions the companions use, what has begun already
            outcomes = await _judge_with_companions(connection, opening.books, batch)
            await _write(raw, opening, then="")
            await connection.commit()
        else:
            outcomes = settle(opening.books, [(waiting.draft, waiting.fingerprint) for waiting in batch])
            await _write(raw, opening, then="; COMMIT")
            await raw.commit()  # when there was nothing to write
        return outcomes

    async def write_beside(
        self, connection: AsyncConnection, *, key: str, currencies: Mapping[str, str], statement: str, decide: Decide
    ) -> Outcome | None:
        """Write one draft in the commit of somebody's ``statement``, whose rows ``decide`` the draft, or that none is.

        The accounts, named with their currencies, are locked before the statement runs. When the rule refuses the
        draft, the statement is undone. Tells what became of the draft, if there was to be one.
        """
        raw = raw_of(connection)
        names = await self._names_of(raw, dict(currencies))
        accounts = {name.id: name for name in names}
        now = self._clock.now()
        opening = await store.open_batch(raw, accounts=accounts, keys=[key], originals={}, now=now, then=statement)
        draft = decide(opening.rows)
        if draft is None:
            await raw.commit()
            return None
        (outcome,) = settle(opening.books, [(draft, fingerprint(draft))])
        if isinstance(outcome, Posted):
            await _write(raw, opening, then="; COMMIT")
        else:
            await raw.rollback()
        return outcome

    async def undo(self, connection: AsyncConnection) -> None:
        """Undo what was begun, whether SQLAlchemy knows of it or not."""
        await connection.rollback()
        await raw_of(connection).rollback()

    async def _names_of(self, raw: store.Raw, currencies: dict[str, str]) -> list[store.Name]:
        """The names of accounts; those that are missing are opened."""
        if len(self._names) > NAME_CACHE:
            self._names = {}
        names = self._names
        if unknown := {code: currency for code, currency in currencies.items() if code not in names}:
            names |= await store.names(raw, unknown)
            if missing := {code: currency for code, currency in unknown.items() if code not in names}:
                await store.open_accounts(raw, missing)  # committed alone: an empty account does no harm
                names |= await store.names(raw, missing)
        return [names[code] for code in currencies]


async def _write(raw: store.Raw, opening: store.Opening, *, then: str) -> None:
    if opening.books.taken:
        await store.write_batch(raw, opening, then=then)


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
