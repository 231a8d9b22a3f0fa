"""All SQL of webhooks."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import CursorResult, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from yimen_host.core import bygone
from yimen_host.core.dropping import drop
from yimen_host.core.outbox import Happening, OutboxEvent
from yimen_host.payments.webhooks.models import DeliveryRow, EndpointRow, SecretRow
from yimen_host.payments.webhooks.states import DeliveryState, EndpointState

MOST_ABOUT = 200  # of one subject: an order has a few, at each of a few endpoints


@dataclass(frozen=True)
class Letter:
    """A delivery with all that sending it needs."""

    delivery: DeliveryRow
    endpoint: EndpointRow
    event: OutboxEvent


async def wanting(session: AsyncSession, app_id: str, type_: str) -> Sequence[EndpointRow]:
    """The endpoints of a mini-app that want a type of event, paused ones too."""
    query = select(EndpointRow).where(
        col(EndpointRow.app_id) == app_id,
        col(EndpointRow.state) != EndpointState.GONE,
        or_(func.jsonb_array_length(col(EndpointRow.types)) == 0, col(EndpointRow.types).contains([type_])),
    )
    return (await session.scalars(query.order_by(col(EndpointRow.id)))).all()


async def of_app(session: AsyncSession, app_id: str) -> Sequence[EndpointRow]:
    """The endpoints of a mini-app, in the order they were made."""
    query = select(EndpointRow).where(col(EndpointRow.app_id) == app_id).order_by(col(EndpointRow.id))
    return (await session.scalars(query)).all()


async def find(session: AsyncSession, endpoint_id: str, app_id: str) -> EndpointRow | None:
    """An endpoint of this mini-app, locked: its secrets and its number change one at a time."""
    query = select(EndpointRow).where(col(EndpointRow.id) == endpoint_id, col(EndpointRow.app_id) == app_id)
    return (await session.scalars(query.with_for_update())).one_or_none()


async def remove(session: AsyncSession, endpoint_id: str) -> None:
    """Remove an endpoint with its secrets and deliveries."""
    await session.execute(delete(EndpointRow).where(col(EndpointRow.id) == endpoint_id))


async def forget_app(session: AsyncSession, app_id: str) -> None:
    """Remove the endpoints of a mini-app that is gone, with their secrets and all that waits for them."""
    await session.execute(delete(EndpointRow).where(col(EndpointRow.app_id) == app_id))


async def set_state(session: AsyncSession, endpoint_id: str, state: EndpointState) -> None:
    """Pause or start an endpoint; one that starts is tried at once."""
    changed = update(EndpointRow).where(col(EndpointRow.id) == endpoint_id)
    await session.execute(changed.values(state=state, failures=0, quiet_until=None))


async def secrets(session: AsyncSession, endpoint_id: str, now: dt.datetime) -> Sequence[SecretRow]:
    """The secrets in use, newest first."""
    query = (
        select(SecretRow)
        .where(
            col(SecretRow.endpoint_id) == endpoint_id,
            or_(col(SecretRow.ends_at).is_(None), col(SecretRow.ends_at) > now),
        )
        .order_by(col(SecretRow.id).desc())
    )
    return (await session.scalars(query)).all()


async def end_secrets(session: AsyncSession, endpoint_id: str, at: dt.datetime) -> None:
    """Let the secrets that have no end yet end then."""
    await session.execute(
        update(SecretRow)
        .where(col(SecretRow.endpoint_id) == endpoint_id, col(SecretRow.ends_at).is_(None))
        .values(ends_at=at)
    )


async def add_delivery(
    session: AsyncSession, endpoint: EndpointRow, happening: Happening, *, told: Sequence[str], before: int = 0
) -> int:
    """Note a delivery. Its sequence follows those of its subject: whoever tells of one has locked that subject.

    Where all earlier ones were forgotten, it follows the events that the endpoint has heard of about the subject:
    those of the types that webhooks are ``told``, or that it asked for. Those may be forgotten too: ``before`` is how
    many there were at most, so that the sequence goes on rising.
    """
    heard = select(func.count()).where(
        col(OutboxEvent.subject) == happening.subject,
        col(OutboxEvent.id) != happening.id,
        col(OutboxEvent.created_at) >= endpoint.created_at,
        col(OutboxEvent.type).in_(endpoint.types or told),
    )
    last = select(func.coalesce(func.max(DeliveryRow.sequence), func.greatest(heard.scalar_subquery(), before))).where(
        col(DeliveryRow.endpoint_id) == endpoint.id, col(DeliveryRow.subject) == happening.subject
    )
    row = DeliveryRow(
        endpoint_id=endpoint.id,
        event_id=happening.id,
        subject=happening.subject,
        sequence=(await session.execute(last)).scalar_one() + 1,
        state=DeliveryState.PENDING,
        created_at=happening.at,
    )
    session.add(row)
    await session.flush()
    assert row.id is not None
    return row.id


async def forget_delivered(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop deliveries that were taken before a moment; say how many. Dead letters stay."""
    over = and_(col(DeliveryRow.state) == DeliveryState.DELIVERED, col(DeliveryRow.last_at) < before)
    return await drop(session, DeliveryRow, over, oldest=col(DeliveryRow.last_at), limit=limit)


async def forget_secrets(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop secrets that signed nothing any more before a moment; say how many."""
    ends_at = col(SecretRow.ends_at)
    return await drop(session, SecretRow, ends_at < before, oldest=ends_at, limit=limit)


async def telling_of(session: AsyncSession, event_ids: Collection[str]) -> set[str]:
    """Those among these events that some delivery is of."""
    return await bygone.named_in(session, event_ids, "webhook_delivery WHERE event_id = e.id")


async def letter(session: AsyncSession, delivery_id: int) -> Letter | None:
    """A delivery with its endpoint and its event; None when its endpoint was removed."""
    query = (
        select(DeliveryRow, EndpointRow, OutboxEvent)
        .join(EndpointRow, col(EndpointRow.id) == col(DeliveryRow.endpoint_id))
        .join(OutboxEvent, col(OutboxEvent.id) == col(DeliveryRow.event_id))
        .where(col(DeliveryRow.id) == delivery_id)
    )
    found = (await session.execute(query)).one_or_none()
    return Letter(*found) if found else None


async def newest(session: AsyncSession, endpoint_id: str, limit: int) -> Sequence[Letter]:
    """The newest deliveries of an endpoint."""
    query = (
        select(DeliveryRow, EndpointRow, OutboxEvent)
        .join(EndpointRow, col(EndpointRow.id) == col(DeliveryRow.endpoint_id))
        .join(OutboxEvent, col(OutboxEvent.id) == col(DeliveryRow.event_id))
        .where(col(DeliveryRow.endpoint_id) == endpoint_id)
        .order_by(col(DeliveryRow.id).desc())
        .limit(limit)
    )
    return [Letter(*row) for row in await session.execute(query)]


async def about(session: AsyncSession, app_id: str, subject: str) -> Sequence[Letter]:
    """The deliveries about one subject to the endpoints of a mini-app, oldest first."""
    query = (
        select(DeliveryRow, EndpointRow, OutboxEvent)
        .join(EndpointRow, col(EndpointRow.id) == col(DeliveryRow.endpoint_id))
        .join(OutboxEvent, col(OutboxEvent.id) == col(DeliveryRow.event_id))
        .where(col(EndpointRow.app_id) == app_id, col(DeliveryRow.subject) == subject)
        .order_by(col(DeliveryRow.id))
        .limit(MOST_ABOUT)
    )
    return [Letter(*row) for row in await session.execute(query)]


async def dead(session: AsyncSession, endpoint_id: str, *, after: int, limit: int) -> Sequence[Letter]:
    """The dead letters of an endpoint, oldest first, those that follow the delivery ``after``."""
    query = (
        select(DeliveryRow, EndpointRow, OutboxEvent)
        .join(EndpointRow, col(EndpointRow.id) == col(DeliveryRow.endpoint_id))
        .join(OutboxEvent, col(OutboxEvent.id) == col(DeliveryRow.event_id))
        .where(
            col(DeliveryRow.endpoint_id) == endpoint_id,
            col(DeliveryRow.state) == DeliveryState.DEAD,
            col(DeliveryRow.id) > after,
        )
        .order_by(col(DeliveryRow.id))
        .limit(limit)
    )
    return [Letter(*row) for row in await session.execute(query)]


async def waiting_by_state(session: AsyncSession) -> dict[DeliveryState, int]:
    """How many deliveries were not taken yet, and how many were given up."""
    waiting = (DeliveryState.PENDING, DeliveryState.DEAD)
    query = select(func.count()).select_from(DeliveryRow)
    return {
        state: (await session.execute(query.where(col(DeliveryRow.state) == state))).scalar_one() for state in waiting
    }


async def revive(session: AsyncSession, delivery_id: int) -> bool:
    """Make a delivery that was delivered or given up pending again; say whether it was."""
    result = await session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.id) == delivery_id, col(DeliveryRow.state) != DeliveryState.PENDING)
        .values(state=DeliveryState.PENDING, attempts=0)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)


async def note_try(
    session: AsyncSession,
    delivery: DeliveryRow,
    *,
    state: DeliveryState,
    status: int | None,
    error: str | None,
    now: dt.datetime,
) -> None:
    """Write what came of a try."""
    await session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.id) == delivery.id, col(DeliveryRow.state) == DeliveryState.PENDING)
        .values(state=state, attempts=delivery.attempts + 1, last_status=status, last_error=error, last_at=now)
    )


async def give_up(session: AsyncSession, delivery_id: int, why: str) -> None:
    """Make a delivery a dead letter without a try."""
    await session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.id) == delivery_id, col(DeliveryRow.state) == DeliveryState.PENDING)
        .values(state=DeliveryState.DEAD, last_error=why)
    )


async def note_health(
    session: AsyncSession, endpoint_id: str, *, failures: int, quiet_until: dt.datetime | None
) -> None:
    """Write how an endpoint answers."""
    changed = update(EndpointRow).where(col(EndpointRow.id) == endpoint_id)
    await session.execute(changed.values(failures=failures, quiet_until=quiet_until))
