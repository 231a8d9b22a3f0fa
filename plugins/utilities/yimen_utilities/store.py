"""All SQL of this mini-app, on its own schema. A payment moves by one conditional write."""

import datetime as dt
import os
from dataclasses import dataclass

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from yimen_sdk import Money
from yimen_utilities.payment import Happens, State, after

POOL = 4
COLUMNS = "id, resident, number, period, fen, state, order_id, reason, payer"


@dataclass(frozen=True)
class Linked:
    """An account that a resident linked."""

    number: str
    relation: str
    holder: str
    address: str


@dataclass(frozen=True)
class Payment:
    """A bill payment."""

    id: str
    resident: str
    number: str
    period: str
    fen: int
    state: str
    order_id: str | None
    reason: str
    payer: str | None = None
    """Who pays for the resident by a mandate; None is the resident."""

    @property
    def amount(self) -> Money:
        """What is paid."""
        return Money(self.fen)


class BillTaken(Exception):
    """Another payment of the same bill is under way or done."""


class Store:
    """The tables, over a small pool that opens at the first use."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._pool: AsyncConnectionPool | None = None

    async def accounts(self, resident: str) -> list[Linked]:
        """The accounts a resident linked, in the order they were linked."""
        query = "SELECT number, relation, holder, address FROM account WHERE resident = %s ORDER BY linked_at"
        async with (
            (await self._open()).connection() as connection,
            connection.cursor(row_factory=class_row(Linked)) as c,
        ):
            return await (await c.execute(query, (resident,))).fetchall()

    async def link(self, resident: str, account: Linked) -> None:
        """Link an account; linking it again changes how it is related."""
        query = (
            "INSERT INTO account (resident, number, relation, holder, address) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (resident, number) DO UPDATE SET relation = excluded.relation"
        )
        values = (resident, account.number, account.relation, account.holder, account.address)
        async with (await self._open()).connection() as connection:
            await connection.execute(query, values)

    async def unlink(self, resident: str, number: str) -> None:
        """Forget an account of a resident; its payments stay."""
        async with (await self._open()).connection() as connection:
            await connection.execute("DELETE FROM account WHERE resident = %s AND number = %s", (resident, number))

    async def begin(self, payment: Payment) -> Payment:
        """Begin a payment of a bill, or give the one that is under way or done."""
        insert = (
            f"INSERT INTO bill_payment ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (number, period) "
            "WHERE state IN ('created', 'funded', 'submitted', 'uncertain', 'reversing', 'confirmed') "
            f"DO UPDATE SET number = excluded.number RETURNING {COLUMNS}"
        )
        values = (
            payment.id, payment.resident, payment.number, payment.period, payment.fen,
            payment.state, payment.order_id, payment.reason, payment.payer,
        )  # fmt: skip
        found = await self._one(insert, values)
        assert found is not None  # the insert returns the new row or the one it met
        return found

    async def payment(self, payment_id: str) -> Payment | None:
        """A payment by its number."""
        return await self._one(f"SELECT {COLUMNS} FROM bill_payment WHERE id = %s", (payment_id,))

    async def payments(self, resident: str, number: str) -> list[Payment]:
        """A resident's payments on an account, the newest first."""
        query = (
            f"SELECT {COLUMNS} FROM bill_payment WHERE resident = %s AND number = %s "
            "AND state NOT IN ('abandoned') ORDER BY created_at DESC LIMIT 24"
        )
        async with (
            (await self._open()).connection() as connection,
            connection.cursor(row_factory=class_row(Payment)) as c,
        ):
            return await (await c.execute(query, (resident, number))).fetchall()

    async def move(self, payment: Payment, event: Happens, *, reason: str = "", order_id: str | None = None) -> Payment:
        """Move a payment along the table; what has moved meanwhile is read anew and left where it is.

        Raises BillTaken when it would be the second payment of its bill.
        """
        target = after(State(payment.state), event)
        if target is not None:
            update = (
                "UPDATE bill_payment SET state = %s, reason = %s, order_id = coalesce(%s, order_id), "
                "told_at = CASE WHEN %s THEN coalesce(told_at, now()) ELSE told_at END, "
                f"changed_at = now() WHERE id = %s AND state = %s RETURNING {COLUMNS}"
            )
            try:
                told = event is Happens.TELL
                moved = await self._one(update, (target.value, reason, order_id, told, payment.id, payment.state))
            except UniqueViolation as error:
                raise BillTaken(f"{payment.number} {payment.period}") from error
            if moved is not None:
                return moved
        now = await self.payment(payment.id)
        assert now is not None
        return now

    async def overdue(self, payment: Payment, deadline: dt.timedelta) -> bool:
        """Whether the power company was first told longer ago than this."""
        query = f"SELECT {COLUMNS} FROM bill_payment WHERE id = %s AND told_at < now() - %s"
        return await self._one(query, (payment.id, deadline)) is not None

    async def note_order(self, payment: Payment, order_id: str) -> None:
        """Note the order that pays for it."""
        async with (await self._open()).connection() as connection:
            await connection.execute("UPDATE bill_payment SET order_id = %s WHERE id = %s", (order_id, payment.id))

    async def close(self) -> None:
        """Close the pool; the next use opens another."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def _one(self, query: str, values: tuple[object, ...]) -> Payment | None:
        async with (
            (await self._open()).connection() as connection,
            connection.cursor(row_factory=class_row(Payment)) as c,
        ):
            return await (await c.execute(query.encode(), values)).fetchone()

    async def _open(self) -> AsyncConnectionPool:
        if self._pool is None:
            address = self._address or os.environ["YIMEN_APP_DATABASE_URL"]
            self._pool = AsyncConnectionPool(address, min_size=0, max_size=POOL, open=False, max_idle=10)
        await self._pool.open()  # for whoever comes first; whoever comes meanwhile waits
        return self._pool
