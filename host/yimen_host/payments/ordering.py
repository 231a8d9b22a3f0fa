"""Opens, finds, ends and fulfils orders. Money is not its business: see till and refunding."""

from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.database import Database
from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.identity.mandates.mandate import Acting
from yimen_host.payments import events
from yimen_host.payments.chart import merchant_payable, wallet
from yimen_host.payments.coupons.redemption import Redemption
from yimen_host.payments.errors import NoSuchOrder, OrderNotOpen, ReferenceTaken
from yimen_host.payments.models import OrderRow
from yimen_host.payments.orders import LIFE, ORDER, OrderEvent, OrderState
from yimen_host.payments.splits.splitting import Splitting
from yimen_host.payments.store import orders as store
from yimen_host.payments.store.moves import move
from yimen_host.payments.store.search import Owner, Page, Search, page
from yimen_sdk.money import Money
from yimen_sdk.split import Part, fault

MAX_TITLE = 60
MAX_REFERENCE = 64
MAX_PATH = 500
LEAST_TOP_UP = Money(100)
MOST_TOP_UP = Money(5_000_00)
PAGE = 20


@dataclass(frozen=True)
class Payee:
    """Who is paid, as the resident reads it on the cashier's page."""

    app_id: str
    title: str
    publisher: str


@dataclass(frozen=True)
class NewOrder:
    """What a mini-app asks a resident to pay; checked when it is made. Raises Invalid."""

    title: str
    amount: Money
    reference: str | None = None
    return_path: str = "/"
    split: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        faults = {}
        if not 1 <= len(self.title.strip()) <= MAX_TITLE:
            faults["title"] = f"1 to {MAX_TITLE} characters"
        if self.amount.fen <= 0:
            faults["amount"] = "above zero"
        if self.amount.currency != "CNY":
            faults["amount"] = "in CNY: no channel takes another currency"
        if self.reference is not None and not 1 <= len(self.reference) <= MAX_REFERENCE:
            faults["reference"] = f"1 to {MAX_REFERENCE} characters"
        if (
            not self.return_path.startswith("/")
            or self.return_path.startswith("//")
            or len(self.return_path) > MAX_PATH
        ):
            faults["return_path"] = f"a path of yours, beginning with one /, of at most {MAX_PATH} characters"
        if wrong := fault(self.split, self.amount):
            faults["split"] = wrong
        if faults:
            raise Invalid("the order is not complete", faults)


class Ordering:
    """The orders of all mini-apps."""

    def __init__(self, services: Services, redemption: Redemption, splitting: Splitting) -> None:
        self._services = services
        self._splitting = splitting
        self._redemption = redemption

    @property
    def database(self) -> Database:
        """Where the orders are."""
        return self._services.database

    async def open(
        self, session: AsyncSession, new: NewOrder, payee: Payee, resident_id: str, acting: Acting | None = None
    ) -> OrderRow:
        """Open an order; with a reference that this mini-app used before, answer with that order.

        Somebody ``acting`` for the resident is the one who pays.
        Raises ReferenceTaken when that order has other content or is another resident's, and Invalid for a split
        among merchants that are none of the mini-app's.
        """
        row = self._row(new, payee, acting.delegate_id if acting else resident_id)
        if acting is not None:
            row.representee_id, row.mandate_id = resident_id, acting.mandate_id
        if await store.add(session, row):
            await self._splitting.divide(session, row, new.split)
            return row
        assert new.reference is not None
        known = await store.by_reference(session, payee.app_id, new.reference)
        if (
            known is None
            or _content(known) != _content(row)
            or await self._splitting.parts(session, known) != new.split
        ):
            raise ReferenceTaken(new.reference)
        return known

    async def open_top_up(self, resident_id: str, amount: Money) -> OrderRow:
        """Open an order that fills the resident's own wallet. Raises Invalid outside the limits."""
        if not LEAST_TOP_UP <= amount <= MOST_TOP_UP:
            message = "充值金额为1元至5000元"
            raise Invalid(message, {"amount": message})
        new = NewOrder("钱包充值", amount, return_path="/wallet")
        row = self._row(new, Payee("", "钱包", "一门"), resident_id)
        row.app_id, row.payee = None, wallet(resident_id)
        async with self._services.database.transaction() as session:
            await store.add(session, row)
        return row

    async def of_app(self, session: AsyncSession, order_id: str, app_id: str) -> OrderRow:
        """An order of this mini-app. Raises NoSuchOrder."""
        row = await store.find(session, order_id)
        if row is None or row.app_id != app_id:
            raise NoSuchOrder(order_id)
        return row

    async def of_resident(self, order_id: str, resident_id: str) -> OrderRow:
        """An order of this resident. Raises NoSuchOrder."""
        async with self._services.database.transaction() as session:
            row = await store.find(session, order_id)
        if row is None or row.resident_id != resident_id:
            raise NoSuchOrder(order_id)
        return row

    async def page(self, owner: Owner, search: Search, *, before: str | None) -> Page:
        """One page of an owner's orders, those after the order ``before``."""
        async with self._services.database.transaction() as session:
            last = await store.find(session, before) if before else None
            after = last if last is not None and owner.has(last) else None
            return await page(session, owner, replace(search, after=after), PAGE)

    async def fulfil(self, session: AsyncSession, order: OrderRow) -> OrderRow:
        """Say that what was paid for was delivered; saying it again changes nothing. Raises OrderNotOpen."""
        if not await move(session, OrderRow, ORDER, order.id, OrderEvent.FULFIL):
            now = await store.find(session, order.id)
            assert now is not None
            if now.state in (OrderState.OPEN, OrderState.CANCELLED, OrderState.EXPIRED):
                raise OrderNotOpen(order.id, f"{now.state}, not paid")
        return await self._fresh(session, order.id)

    async def cancel(self, session: AsyncSession, order: OrderRow) -> OrderRow:
        """Give an open order up; one that was given up before stays so. Raises OrderNotOpen when it was paid."""
        await self._end(session, order, OrderEvent.CANCEL)
        fresh = await self._fresh(session, order.id)
        if fresh.state != OrderState.CANCELLED:
            raise OrderNotOpen(order.id, fresh.state)
        return fresh

    async def expire(self, order: OrderRow) -> bool:
        """End an open order whose time is over; say whether it was still open."""
        async with self._services.database.transaction() as session:
            return await self._end(session, order, OrderEvent.EXPIRE)

    async def close(self, order_id: str) -> bool:
        """End the life of a delivered order; say whether it was not closed yet."""
        async with self._services.database.transaction() as session:
            return await move(session, OrderRow, ORDER, order_id, OrderEvent.CLOSE)

    async def _end(self, session: AsyncSession, order: OrderRow, event: OrderEvent) -> bool:
        now = self._services.clock.now()
        moved = await move(session, OrderRow, ORDER, order.id, event, ended_at=now)
        if moved:
            await self._redemption.release(session, order.id)
            await events.order_ended(session, self._services, order, ORDER.target(event), now)
        return moved

    async def _fresh(self, session: AsyncSession, order_id: str) -> OrderRow:
        row = await store.find(session, order_id)
        assert row is not None
        return row

    def _row(self, new: NewOrder, payee: Payee, resident_id: str) -> OrderRow:
        now = self._services.clock.now()
        return OrderRow(
            id=self._services.ids.new("ord"),
            app_id=payee.app_id,
            payee=merchant_payable(payee.app_id),
            payee_title=payee.title,
            payee_publisher=payee.publisher,
            resident_id=resident_id,
            title=new.title.strip(),
            amount_fen=new.amount.fen,
            currency=new.amount.currency,
            reference=new.reference,
            return_path=new.return_path,
            split=bool(new.split),
            state=OrderState.OPEN,
            created_at=now,
            expires_at=now + LIFE,
        )


def _content(row: OrderRow) -> str:
    parts = (row.resident_id, row.representee_id or "", row.title, str(row.amount_fen), row.currency, row.return_path)
    return sha256("\0".join(parts).encode()).hexdigest()
