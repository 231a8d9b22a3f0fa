"""The four endpoints of the ledger-conformance-kit over our ledger. Part of the tests: no release contains it.

The contract is docs/http-adapter.md of technomorphcorporation/ledger-conformance-kit. The journal cannot be emptied, so
``reset`` begins a new era instead: later keys and accounts have its number in their names, and only they are shown.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import Any

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_host.core.clock import SystemClock
from yimen_host.core.database import Database
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.draft import Leg, MalformedDraft, post
from yimen_host.payments.ledger.rule import Posted
from yimen_host.payments.ledger.writer import Writer
from yimen_sdk.money import Money

GENESIS = "GENESIS"  # what the kit's first entry goes on from
Json = dict[str, Any]  # Any: JSON


class Adapter:
    """The kit's view of a ledger. An account called ``external:…`` has no floor, every other has floor zero."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = Writer(database, SystemClock())
        self._eras = count(1)
        self._era = 0

    def reset(self) -> None:
        """Begin a new era."""
        self._era = next(self._eras)

    async def post(self, asked: Json) -> Json:
        """Post a transaction; say APPLIED, DUPLICATE or REJECTED."""
        number = asked["transactionId"]
        try:
            legs = [self._leg(leg) for leg in asked["legs"]]
            draft = post(self._key(asked["idempotencyKey"]), f"lck:{self._era}", *legs)
        except (MalformedDraft, ValueError) as error:
            return {"status": "REJECTED", "transactionId": number, "reason": str(error), "retryWith": "never"}
        outcome = await self.ledger.post(draft)
        if isinstance(outcome, Posted):
            status = "DUPLICATE" if outcome.replayed else "APPLIED"
            return {"status": status, "transactionId": str(outcome.transaction_id), "reason": None}
        return {"status": "REJECTED", "transactionId": number, "reason": outcome.detail, "retryWith": outcome.retry}

    async def balance(self, account: str, currency: str) -> int:
        """The balance of an account."""
        async with self.database.transaction() as session:
            return (await books.balance(session, self._account(account, currency))).posted.fen

    async def journal(self) -> list[Json]:
        """The era's entries in an order of commits. Refuses to answer while the journal's own hash chain is broken."""
        async with self.database.transaction() as session:
            faults = await books.audit(session)
            if faults:
                raise RuntimeError(f"the journal does not verify: {faults}")
            rows = (await session.execute(_JOURNAL, {"about": f"lck:{self._era}"})).all()
        entries, previous = [], GENESIS
        for sequence, row in enumerate(_in_order(rows), 1):
            name, currency = _name(row.code)
            kind, amount = ("DEBIT" if row.amount < 0 else "CREDIT"), abs(row.amount)
            parts = (previous, str(row.id), name, kind, str(amount), currency, str(sequence))
            digest = sha256("|".join(parts).encode()).hexdigest()
            entries.append(
                {
                    "entryId": f"{row.id}/{row.line}",
                    "transactionId": str(row.id),
                    "accountId": name,
                    "type": kind,
                    "amountSubunits": amount,
                    "currency": currency,
                    "sequence": sequence,
                    "accountSequence": row.account_seq,
                    "prevHash": previous,
                    "entryHash": digest,
                }
            )
            previous = digest
        return entries

    def _leg(self, leg: Json) -> Leg:
        sign = -1 if leg["type"] == "DEBIT" else 1
        account = self._account(leg["accountId"], leg["currency"])
        return Leg(account, Money(sign * leg["amountSubunits"], leg["currency"]))

    def _account(self, name: str, currency: str) -> str:
        kind = "suspense" if name.startswith("external:") else "wallet"
        return f"{kind}:{self._era}:{_quoted(name)}:{currency}"

    def _key(self, key: str) -> str:
        return f"lck.{self._era}.{_quoted(key)}"


def application(database: Database) -> Starlette:
    """The four endpoints as an application, which owns a ledger writer while it lives."""
    adapter = Adapter(database)

    async def reset(request: Request) -> Response:
        adapter.reset()
        return JSONResponse({})

    async def post_(request: Request) -> Response:
        return JSONResponse(await adapter.post(await request.json()))

    async def balance(request: Request) -> Response:
        asked = request.query_params
        return JSONResponse({"subunits": await adapter.balance(asked["account"], asked["currency"])})

    async def journal(request: Request) -> Response:
        return JSONResponse(await adapter.journal())

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        adapter.reset()
        await adapter.ledger.start()
        yield
        await adapter.ledger.stop()

    routes = [
        Route("/_lck/reset", reset, methods=["POST"]),
        Route("/_lck/post", post_, methods=["POST"]),
        Route("/_lck/balance", balance),
        Route("/_lck/journal", journal),
    ]
    return Starlette(routes=routes, lifespan=running)


_JOURNAL = text(
    "SELECT t.id, t.recorded_at, e.line, e.account_id, e.account_seq, e.amount, a.code FROM journal_transaction t"
    " JOIN journal_entry e ON e.transaction_id = t.id JOIN ledger_account a ON a.id = e.account_id"
    " WHERE t.about = :about ORDER BY t.recorded_at, t.id, e.line"
)


def _in_order(rows: Any) -> list[Any]:  # Any: rows of the query above
    """Sort entries by time, but no transaction before one that an account of its saw earlier."""
    transactions: dict[int, list[Any]] = {}
    owner = {}
    for row in rows:
        transactions.setdefault(row.id, []).append(row)
        owner[row.account_id, row.account_seq] = row.id
    ordered: dict[int, None] = {}
    for first in transactions:
        stack = [first]
        while stack:
            before = [owner.get((row.account_id, row.account_seq - 1)) for row in transactions[stack[-1]]]
            waiting = [number for number in before if number is not None and number not in ordered]
            if waiting:
                stack += waiting
            else:
                ordered[stack.pop()] = None
    return [row for number in ordered for row in transactions[number]]


@lru_cache(10_000)
def _quoted(name: str) -> str:
    return _UNQUOTED.sub(lambda found: f"_{ord(found[0]):02x}", name)


_UNQUOTED = re.compile(r"[^A-Za-z0-9\-]")


def _name(code: str) -> tuple[str, str]:
    _, _, quoted, currency = code.split(":")
    return re.sub(r"_([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), quoted), currency
