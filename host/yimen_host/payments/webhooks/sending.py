"""Sends deliveries: one try at a time, a few at once to one endpoint, and notes what came of it."""

import asyncio
import datetime as dt
import json
import random
from collections import Counter
from collections.abc import Callable

import httpx

from yimen_host.core import outward, posting
from yimen_host.core.errors import Later
from yimen_host.core.outbox import OutboxEvent
from yimen_host.core.posting import Answer, Message
from yimen_host.core.services import Services
from yimen_host.payments import alerts
from yimen_host.payments.webhooks import store
from yimen_host.payments.webhooks.models import DeliveryRow
from yimen_host.payments.webhooks.schedule import MAX_AGE, next_try, quiet_after
from yimen_host.payments.webhooks.states import DeliveryState, EndpointState
from yimen_host.payments.webhooks.store import Letter

AT_ONCE = 16  # of one worker: the rest of it is for mini-apps and the inbox
AT_ONCE_EACH = 2  # to one endpoint: a slow one must not take all the places
CROWD_SECONDS = 1
PAUSE_SECONDS = 60
GONE = 410
_CHANCE = random.SystemRandom().random


class Sender:
    """Sends for one worker."""

    def __init__(
        self,
        services: Services,
        *,
        chance: Callable[[], float] = _CHANCE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._services = services
        self._chance = chance
        self._client = posting.client(transport)
        self._under_way: Counter[str] = Counter()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(self, delivery_id: int) -> None:
        """Try a delivery. Raises Later when it has to be tried again."""
        async with self._services.database.transaction() as session:
            letter = await store.letter(session, delivery_id)
        if letter is None or letter.delivery.state != DeliveryState.PENDING or await self._wait_for(letter):
            return
        place = letter.endpoint.id
        if self._under_way.total() >= AT_ONCE or self._under_way[place] >= AT_ONCE_EACH:
            raise Later(self._services.clock.now() + dt.timedelta(seconds=CROWD_SECONDS))
        self._under_way[place] += 1
        try:
            answer = await self._post(letter)
        finally:
            self._under_way[place] -= 1
        await self._note(letter, answer)

    async def _wait_for(self, letter: Letter) -> bool:
        """Whether the endpoint is not to be tried. Raises Later while it rests; ends what has waited too long."""
        now, endpoint, delivery = self._services.clock.now(), letter.endpoint, letter.delivery
        if endpoint.state != EndpointState.ACTIVE:
            until = now + dt.timedelta(seconds=PAUSE_SECONDS)
        elif endpoint.quiet_until is not None and endpoint.quiet_until > now:
            until = endpoint.quiet_until
        else:
            return False
        if now - delivery.created_at <= MAX_AGE:
            raise Later(until)
        assert delivery.id is not None
        async with self._services.database.transaction() as session:
            await store.give_up(session, delivery.id, reason := f"waited {MAX_AGE.days} days")
            await alerts.webhooks_dead(session, endpoint, reason, now)
        return True

    async def _post(self, letter: Letter) -> Answer:
        now, connections = self._services.clock.now(), self._services.settings.connections
        async with self._services.database.transaction() as session:
            rows = await store.secrets(session, letter.endpoint.id, now)
        opened = [self._services.keyring.decrypt(row.sealed, bound_to=row.endpoint_id) for row in rows]
        try:
            async with asyncio.timeout(posting.ANSWER_SECONDS):
                target = await outward.target(letter.endpoint.url, connections)
        except (outward.AddressRefused, outward.AddressUnknown) as error:
            return Answer(None, error.message)
        except TimeoutError:
            return Answer(None, "its name was not found in time")
        message = Message(letter.event.id, _body(letter.event, letter.delivery))
        return await posting.post(self._client, target, message, secrets=opened, now=now)

    async def _note(self, letter: Letter, answer: Answer) -> None:
        now, delivery, endpoint = self._services.clock.now(), letter.delivery, letter.endpoint
        again = None if answer.taken else next_try(delivery.attempts + 1, now=now, chance=self._chance())
        gone = answer.status == GONE
        state = DeliveryState.PENDING
        if answer.taken:
            state = DeliveryState.DELIVERED
        elif gone or again is None:
            state = DeliveryState.DEAD
        failures = 0 if answer.taken else endpoint.failures + 1
        async with self._services.database.transaction() as session:
            await store.note_try(session, delivery, state=state, status=answer.status, error=answer.error, now=now)
            await store.note_health(
                session, endpoint.id, failures=failures, quiet_until=now + quiet_after(failures) if failures else None
            )
            if gone:
                await store.set_state(session, endpoint.id, EndpointState.GONE)
            if state == DeliveryState.DEAD:
                await alerts.webhooks_dead(session, endpoint, answer.why, now)
        if state == DeliveryState.PENDING:
            assert again is not None
            raise Later(again)


def _body(event: OutboxEvent, delivery: DeliveryRow) -> str:
    said = {
        "type": event.type,
        "timestamp": event.created_at.isoformat(),
        "subject": event.subject,
        "sequence": delivery.sequence,
        "data": event.data,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
