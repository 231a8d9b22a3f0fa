"""What waits is counted, and what is over is not."""

import datetime as dt

from tests.host.payments.conftest import open_order

from yimen_host.core import deadletters
from yimen_host.core.outbox import DELIVER, Happening, defer, publish
from yimen_host.payments.backlog import Backlog, backlog
from yimen_host.payments.facade import Payments
from yimen_host.payments.models import AttemptRow, RefundRow
from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.models import BreakRow
from yimen_host.payments.waiting import Waiting, waiting
from yimen_host.payments.webhooks.models import DeliveryRow, EndpointRow
from yimen_sdk.money import yuan

NOTHING = Backlog(
    attempts={"created": 0, "submitted": 0, "uncertain": 0},  # type: ignore[dict-item]  # equal to the states
    refunds={"requested": 0, "processing": 0},  # type: ignore[dict-item]
    stuck_refunds=0,
    breaks=dict.fromkeys(BreakKind, 0),
    webhooks={"pending": 0, "dead": 0},  # type: ignore[dict-item]
)


async def test_nothing_waits_where_nothing_happened(payments: Payments) -> None:
    async with payments.services.database.transaction() as session:
        assert await backlog(session) == NOTHING


async def test_open_attempts_and_refunds_are_counted_by_where_they_stand(payments: Payments) -> None:
    for state in ("created", "uncertain", "uncertain", "settled", "declined"):
        await attempt(payments, state)
    late, again = await attempt(payments, "late"), await attempt(payments, "late")
    for index, (state, of, is_late) in enumerate([
        ("requested", late, True), ("processing", late, True), ("failed", again, True), ("needs_action", again, False),
        ("succeeded", again, False), ("failed", again, False),
    ]):  # fmt: skip
        await refund(payments, of, state, late=is_late, number=index)

    async with payments.services.database.transaction() as session:
        found = await backlog(session)

    assert dict(found.attempts) == {"created": 1, "submitted": 0, "uncertain": 2}
    assert dict(found.refunds) == {"requested": 1, "processing": 1}
    assert found.stuck_refunds == 2 == len(await payments.refunding.stuck())
    assert await waiting(payments) == Waiting(merchants=0, refunds=2, differences=0)


async def test_breaks_and_letters_are_counted_until_somebody_ends_them(payments: Payments) -> None:
    services, now = payments.services, payments.services.clock.now()
    async with services.database.transaction() as session:
        for index, (kind, state) in enumerate([
            ("missing_here", "open"), ("missing_here", "assigned"), ("fee_differs", "resolved"),
        ]):  # fmt: skip
            session.add(a_break(index, kind, state, now))
        session.add(
            EndpointRow(id="ep", app_id="tea", url="https://shop.test", types=[], state="active", created_at=now)
        )
        await publish(session, Happening("evt", "order.paid", "ord", {}, now), to=[])
        await session.flush()
        for sequence, state in enumerate(["pending", "pending", "dead", "delivered"]):
            session.add(DeliveryRow(
                endpoint_id="ep", event_id="evt", subject="ord", sequence=sequence, state=state, created_at=now
            ))  # fmt: skip

    async with services.database.transaction() as session:
        found = await backlog(session)

    assert {kind: count for kind, count in found.breaks.items() if count} == {"missing_here": 2}
    assert dict(found.webhooks) == {"pending": 2, "dead": 1}
    assert await waiting(payments) == Waiting(merchants=0, refunds=0, differences=2)


async def test_events_that_were_not_taken_are_counted(payments: Payments) -> None:
    async with payments.services.database.transaction() as session:
        for number in range(3):
            await defer(session, DELIVER, {"event_id": f"evt-{number}"}, lock=f"app:tea:{number}")
        await defer(session, "yimen.other", {})
        connection = await session.connection()
        await connection.exec_driver_sql(
            "UPDATE procrastinate_jobs SET status = 'failed' WHERE args ->> 'event_id' = 'evt-1'"
        )

    async with payments.services.database.transaction() as session:
        assert await deadletters.backlog(session) == deadletters.Backlog(waiting=2, dead=1)


async def attempt(payments: Payments, state: str) -> AttemptRow:
    """An attempt at an order of its own that stands so."""
    order, now = await open_order(payments, yuan("8.00")), payments.services.clock.now()
    row = AttemptRow(
        id=payments.services.ids.new("att"), order_id=order.id, channel="bank", form_key="f", state=state,
        amount_fen=800, currency="CNY", ask_at=now, created_at=now,
    )  # fmt: skip
    async with payments.services.database.transaction() as session:
        session.add(row)
    return row


async def refund(payments: Payments, of: AttemptRow, state: str, *, late: bool, number: int) -> None:
    """A refund of an attempt that stands so."""
    now = payments.services.clock.now()
    async with payments.services.database.transaction() as session:
        session.add(RefundRow(
            id=f"ref-{number}", order_id=of.order_id, attempt_id=of.id, key=f"k{number}", late=late, amount_fen=100,
            currency="CNY", reason="", state=state, ask_at=now, created_at=now,
        ))  # fmt: skip


def a_break(number: int, kind: str, state: str, now: dt.datetime) -> BreakRow:
    """A difference that stands so."""
    return BreakRow(
        id=f"brk-{number}", source="bank", day=now.date(), kind=kind, way="payment", ref=f"r{number}", channel_ref="",
        ordinal=0, currency="CNY", difference_fen=0, state=state, owner="ada" if state == "assigned" else None,
        resolution="seen" if state == "resolved" else None, found_at=now,
    )  # fmt: skip
