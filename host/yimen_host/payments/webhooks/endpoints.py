"""What a publisher does with webhooks: makes endpoints, changes secrets, pauses, tries, and sends again."""

import base64
import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core import outward
from yimen_host.core.errors import Invalid
from yimen_host.core.outbox import Happening, publish
from yimen_host.core.services import Services
from yimen_host.payments.webhooks import store
from yimen_host.payments.webhooks.errors import NoSuchDelivery, NoSuchEndpoint, TooManyEndpoints
from yimen_host.payments.webhooks.models import EndpointRow, SecretRow
from yimen_host.payments.webhooks.states import EndpointState
from yimen_host.payments.webhooks.store import Letter
from yimen_host.payments.webhooks.telling import send_later, tell_one

TEST = "yimen.webhook.test"
MAX_ENDPOINTS = 5  # of one mini-app: each multiplies what is delivered
MAX_URL = 500
SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64
OVERLAP = dt.timedelta(hours=24)
"""How long an old secret still signs beside a new one."""
SHOWN = 50
MOST_LISTED = 200  # dead letters in one answer
MAX_REPLAY = 1000  # dead letters of one press; pressing again takes the next


@dataclass(frozen=True)
class Made:
    """A new endpoint with its secret, which is shown this once."""

    endpoint: EndpointRow
    secret: str


class Endpoints:
    """The endpoints of all mini-apps. Who may act for a mini-app is the caller's business."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def add(self, app_id: str, url: str, *, types: Sequence[str] = (), known: Sequence[str] = ()) -> Made:
        """Make an endpoint for these types of ``known``, none meaning all. Raises Invalid and TooManyEndpoints."""
        url, faults = url.strip(), {}
        if len(url) > MAX_URL:
            faults["url"] = f"1–{MAX_URL}"
        try:
            outward.check(url, self._services.settings.connections)
        except outward.AddressRefused:
            faults["url"] = "请输入 https:// 开头的公网地址"
        if unknown := set(types) - set(known):
            faults["types"] = ", ".join(sorted(unknown))
        if faults:
            raise Invalid("the endpoint is not complete", faults)
        now = self._services.clock.now()
        row = EndpointRow(
            id=self._services.ids.new("whk"),
            app_id=app_id,
            url=url,
            types=sorted(set(types)),
            state=EndpointState.ACTIVE,
            created_at=now,
        )
        async with self._services.database.transaction() as session:
            if len(await store.of_app(session, app_id)) >= MAX_ENDPOINTS:
                raise TooManyEndpoints(f"{app_id} has {MAX_ENDPOINTS} webhook endpoints: remove one first")
            session.add(row)
            await session.flush()
            return Made(row, self._new_secret(session, row.id, now))

    async def of_app(self, app_id: str) -> Sequence[EndpointRow]:
        """The endpoints of a mini-app."""
        async with self._services.database.transaction() as session:
            return await store.of_app(session, app_id)

    async def show(self, app_id: str, endpoint_id: str) -> tuple[EndpointRow, Sequence[SecretRow], Sequence[Letter]]:
        """An endpoint, its secrets in use, and its newest deliveries. Raises NoSuchEndpoint."""
        async with self._services.database.transaction() as session:
            endpoint = await self._find(session, app_id, endpoint_id)
            in_use = await store.secrets(session, endpoint_id, self._services.clock.now())
            return endpoint, in_use, await store.newest(session, endpoint_id, SHOWN)

    async def rotate(self, app_id: str, endpoint_id: str) -> str:
        """Make a new secret and tell it; the old one signs beside it for a day. Raises NoSuchEndpoint."""
        now = self._services.clock.now()
        async with self._services.database.transaction() as session:
            endpoint = await self._find(session, app_id, endpoint_id)
            await store.end_secrets(session, endpoint.id, now + OVERLAP)
            return self._new_secret(session, endpoint.id, now)

    async def pause(self, app_id: str, endpoint_id: str) -> None:
        """Send nothing until it is started again; what happens is kept for it. Raises NoSuchEndpoint."""
        await self._set(app_id, endpoint_id, EndpointState.PAUSED)

    async def start(self, app_id: str, endpoint_id: str) -> None:
        """Send again, at once. Raises NoSuchEndpoint."""
        await self._set(app_id, endpoint_id, EndpointState.ACTIVE)

    async def remove(self, app_id: str, endpoint_id: str) -> None:
        """Remove an endpoint with all that waits for it. Raises NoSuchEndpoint."""
        async with self._services.database.transaction() as session:
            await store.remove(session, (await self._find(session, app_id, endpoint_id)).id)

    async def test(self, app_id: str, endpoint_id: str) -> None:
        """Send an event that says nothing but that it is a test. Raises NoSuchEndpoint."""
        async with self._services.database.transaction() as session:
            endpoint = await self._find(session, app_id, endpoint_id)
            happening = Happening(
                self._services.ids.new("evt"), TEST, endpoint.id, {"app_id": app_id}, self._services.clock.now()
            )
            await publish(session, happening, to=[])
            await tell_one(session, endpoint, happening, told=(TEST,))

    async def send_again(self, app_id: str, endpoint_id: str, delivery_id: int) -> bool:
        """Send one delivery again, under the same id; say whether it was not waiting anyway. Raises as ``again``."""
        async with self._services.database.transaction() as session:
            return await self.again(session, app_id, endpoint_id, delivery_id)

    async def again(self, session: AsyncSession, app_id: str, endpoint_id: str, delivery_id: int) -> bool:
        """The same in the caller's transaction. Raises NoSuchEndpoint and NoSuchDelivery."""
        endpoint = await self._find(session, app_id, endpoint_id)
        letter = await store.letter(session, delivery_id)
        if letter is None or letter.endpoint.id != endpoint.id:
            raise NoSuchDelivery(delivery_id)
        if not await store.revive(session, delivery_id):
            return False
        await send_later(session, delivery_id, endpoint.id, letter.delivery.subject)
        return True

    async def send_dead_again(self, app_id: str, endpoint_id: str) -> int:
        """Send the dead letters again, oldest first, and tell how many. Raises NoSuchEndpoint."""
        async with self._services.database.transaction() as session:
            return await self.dead_again(session, app_id, endpoint_id)

    async def dead_again(self, session: AsyncSession, app_id: str, endpoint_id: str) -> int:
        """The same in the caller's transaction. Raises NoSuchEndpoint."""
        endpoint = await self._find(session, app_id, endpoint_id)
        letters = await store.dead(session, endpoint.id, after=0, limit=MAX_REPLAY)
        for letter in letters:
            assert letter.delivery.id is not None
            await store.revive(session, letter.delivery.id)
            await send_later(session, letter.delivery.id, endpoint.id, letter.delivery.subject)
        return len(letters)

    async def dead_letters(self, app_id: str, endpoint_id: str, *, after: int, limit: int) -> Sequence[Letter]:
        """An endpoint's dead letters, oldest first, those that follow the delivery ``after``. Raises NoSuchEndpoint."""
        async with self._services.database.transaction() as session:
            endpoint = await self._find(session, app_id, endpoint_id)
            return await store.dead(session, endpoint.id, after=after, limit=limit)

    async def _set(self, app_id: str, endpoint_id: str, state: EndpointState) -> None:
        async with self._services.database.transaction() as session:
            endpoint = await self._find(session, app_id, endpoint_id)
            await store.set_state(session, endpoint.id, state)

    async def _find(self, session: AsyncSession, app_id: str, endpoint_id: str) -> EndpointRow:
        row = await store.find(session, endpoint_id, app_id)
        if row is None:
            raise NoSuchEndpoint(endpoint_id)
        return row

    def _new_secret(self, session: AsyncSession, endpoint_id: str, now: dt.datetime) -> str:
        secret = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
        sealed = self._services.keyring.encrypt(secret, bound_to=endpoint_id)
        row = SecretRow(id=self._services.ids.new("whs"), endpoint_id=endpoint_id, sealed=sealed, created_at=now)
        session.add(row)
        return secret
