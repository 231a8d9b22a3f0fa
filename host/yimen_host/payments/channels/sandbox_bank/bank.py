"""The pretend bank itself: what it was asked to collect, what its customer decided, and when it keeps silent.

Knows nothing of orders or of our ledger; the host talks to it only through its channel and its signed notices.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import CursorResult, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select

from yimen_host.core.services import Services
from yimen_host.payments.channels.channel import ChannelSilent
from yimen_host.payments.channels.sandbox_bank.models import BankPaymentRow, BankPayoutRow, BankRefundRow
from yimen_host.payments.channels.signature import sign
from yimen_sdk.money import Money

NO_SUCH_ACCOUNT = "0000"
SILENCE = dt.timedelta(seconds=20)  # long enough to be seen on the result page, short enough to wait for


class BankState(StrEnum):
    """Where a payment stands at the bank."""

    WAITING = "waiting"
    """The customer has not decided."""
    PAID = "paid"
    """The customer's money was taken."""
    DECLINED = "declined"
    """The customer, or the bank, said no."""
    CLOSED = "closed"
    """The merchant does not expect it any longer."""


@dataclass(frozen=True)
class Notice:
    """A signed notice on its way to the merchant."""

    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class BillLine:
    """One line of the bank's daily bill: the merchant's number, the bank's own, and what was moved when."""

    merchant_ref: str
    number: str
    amount: Money
    refund: bool
    at: dt.datetime


class Bank:
    """Collects payments and gives them back."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.secret = services.keyring.password("sandbox-bank")
        self.silent = False
        """Whether the bank answers nothing at all."""

    async def expect(self, *, merchant_ref: str, title: str, payee: str, amount: Money, return_url: str) -> str:
        """Take a payment in to be decided by the customer; asked again it is the same one. Tell its number."""
        self._speak()
        row = BankPaymentRow(
            id=self.services.ids.new("bank"),
            merchant_ref=merchant_ref,
            title=title,
            payee=payee,
            amount_fen=amount.fen,
            currency=amount.currency,
            state=BankState.WAITING,
            return_url=return_url,
            created_at=self.services.clock.now(),
        )
        async with self.services.database.transaction() as session:
            await session.execute(insert(BankPaymentRow).values(row.model_dump()).on_conflict_do_nothing())
            known = select(BankPaymentRow.id).where(BankPaymentRow.merchant_ref == merchant_ref)
            return (await session.scalars(known)).one()

    async def payment(self, payment_id: str) -> BankPaymentRow | None:
        """A payment by the bank's own number, for the bank's own page."""
        async with self.services.database.transaction() as session:
            return await session.get(BankPaymentRow, payment_id)

    async def look_up(self, merchant_ref: str) -> BankPaymentRow | None:
        """A payment by the merchant's number, for the merchant. Raises ChannelSilent while the bank keeps silent."""
        self._speak()
        async with self.services.database.transaction() as session:
            query = select(BankPaymentRow).where(BankPaymentRow.merchant_ref == merchant_ref)
            row = (await session.scalars(query)).one_or_none()
        if row is not None and row.silent_until is not None and self.services.clock.now() < row.silent_until:
            raise ChannelSilent(f"the bank does not answer about {merchant_ref}")
        return row

    async def decide(self, payment_id: str, state: BankState, *, silently: bool = False) -> bool:
        """Let the customer, or the merchant who closes it, decide a waiting payment; say whether it was waiting."""
        now = self.services.clock.now()
        async with self.services.database.transaction() as session:
            result = await session.execute(
                update(BankPaymentRow)
                .where(col(BankPaymentRow.id) == payment_id, col(BankPaymentRow.state) == BankState.WAITING)
                .values(state=state, ended_at=now, silent_until=now + SILENCE if silently else None)
                .execution_options(synchronize_session=False)
            )
        assert isinstance(result, CursorResult)
        return bool(result.rowcount)

    def notice(self, payment: BankPaymentRow) -> Notice:
        """The signed notice about a payment that was decided; the same one has the same id each time."""
        body = {
            "payment": payment.id,
            "merchant_ref": payment.merchant_ref,
            "state": payment.state,
            "amount": {"fen": payment.amount_fen, "currency": payment.currency},
        }
        raw = json.dumps(body).encode()
        notice_id = f"{payment.id}.{payment.state}"
        return Notice(sign(self.secret, notice_id, raw, self.services.clock.now()), raw)

    async def give_back(self, *, refund_ref: str, merchant_ref: str, amount: Money) -> bool:
        """Give part or all of a payment back, once per ``refund_ref``; say whether the bank does it."""
        payment = await self.look_up(merchant_ref)
        if payment is None or payment.state != BankState.PAID:
            return False
        async with self.services.database.transaction() as session:
            await session.get(BankPaymentRow, payment.id, with_for_update=True)
            if await session.get(BankRefundRow, refund_ref) is not None:
                return True
            given = select(func.coalesce(func.sum(BankRefundRow.amount_fen), 0)).where(
                BankRefundRow.payment_id == payment.id
            )
            if (await session.scalars(given)).one() + amount.fen > payment.amount_fen:
                return False
            session.add(
                BankRefundRow(
                    merchant_ref=refund_ref,
                    payment_id=payment.id,
                    amount_fen=amount.fen,
                    state="returned",
                    at=self.services.clock.now(),
                )
            )
        return True

    async def gave_back(self, refund_ref: str) -> bool:
        """Whether the bank knows of this refund."""
        self._speak()
        async with self.services.database.transaction() as session:
            return await session.get(BankRefundRow, refund_ref) is not None

    async def pay_out(self, ref: str, *, name: str, account: str, amount: Money) -> bool:
        """Pay somebody, once per ``ref``; say whether the bank does it. It has no accounts that begin with 0000."""
        self._speak()
        state = "refused" if account.startswith(NO_SUCH_ACCOUNT) else "paid"
        values = {
            "ref": ref, "name": name, "account_tail": account[-4:], "amount_fen": amount.fen,
            "currency": amount.currency, "state": state, "at": self.services.clock.now(),
        }  # fmt: skip
        async with self.services.database.transaction() as session:
            await session.execute(insert(BankPayoutRow).values(values).on_conflict_do_nothing())
            row = await session.get_one(BankPayoutRow, ref)
        return row.state == "paid"

    async def paid_out(self, ref: str) -> bool | None:
        """Whether the bank paid this; None: it never heard of it."""
        self._speak()
        async with self.services.database.transaction() as session:
            row = await session.get(BankPayoutRow, ref)
        return None if row is None else row.state == "paid"

    async def lines(self, begin: dt.datetime, end: dt.datetime) -> Sequence[BillLine]:
        """What was taken and given back in a span."""
        async with self.services.database.transaction() as session:
            payments = (
                await session.scalars(
                    select(BankPaymentRow).where(
                        BankPaymentRow.state == BankState.PAID,
                        col(BankPaymentRow.ended_at) >= begin,
                        col(BankPaymentRow.ended_at) < end,
                    )
                )
            ).all()
            refunds = (
                await session.execute(
                    select(BankRefundRow, BankPaymentRow.currency)
                    .join(BankPaymentRow, col(BankPaymentRow.id) == col(BankRefundRow.payment_id))
                    .where(BankRefundRow.at >= begin, BankRefundRow.at < end)
                )
            ).all()
        taken = [
            BillLine(p.merchant_ref, p.id, Money(p.amount_fen, p.currency), False, p.ended_at)
            for p in payments
            if p.ended_at is not None
        ]
        given = [BillLine(r.merchant_ref, r.payment_id, Money(r.amount_fen, c), True, r.at) for r, c in refunds]
        return taken + given

    def _speak(self) -> None:
        if self.silent:
            raise ChannelSilent("the bank does not answer")
