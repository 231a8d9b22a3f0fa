"""Notes an event for the endpoints that want it, in the transaction that made it happen."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.outbox import Happening, defer
from yimen_host.payments.webhooks import store
from yimen_host.payments.webhooks.models import EndpointRow

SEND = "yimen.webhook"
QUEUE = "webhooks"


async def tell(
    session: AsyncSession, app_id: str, happening: Happening, *, told: Sequence[str], before: int = 0
) -> None:
    """Note an event that was published, of the types that are ``told``, for every endpoint that wants its type.

    ``before`` is how many its subject had, also where all of them were forgotten.
    """
    for endpoint in await store.wanting(session, app_id, happening.type):
        await tell_one(session, endpoint, happening, told=told, before=before)


async def tell_one(
    session: AsyncSession, endpoint: EndpointRow, happening: Happening, *, told: Sequence[str], before: int = 0
) -> None:
    """Note an event for one endpoint."""
    delivery_id = await store.add_delivery(session, endpoint, happening, told=told, before=before)
    await send_later(session, delivery_id, endpoint.id, happening.subject)


async def send_later(session: AsyncSession, delivery_id: int, endpoint_id: str, subject: str) -> None:
    """Have a delivery sent after this transaction; those of one endpoint and subject go one after the other."""
    await defer(session, SEND, {"delivery_id": delivery_id}, queue=QUEUE, lock=f"{SEND}:{endpoint_id}:{subject}")
