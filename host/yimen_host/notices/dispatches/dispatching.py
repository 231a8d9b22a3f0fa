"""Gathers alerts into dispatches and sends them, on each way for itself: one that fails holds up no other."""

from collections.abc import Sequence

from yimen_host.core.alerts import Alert
from yimen_host.core.errors import Later
from yimen_host.core.outbox import OutboxEvent, defer
from yimen_host.core.services import Services
from yimen_host.notices.dispatches import schedule, store
from yimen_host.notices.dispatches.models import DispatchItemRow, DispatchRow
from yimen_host.notices.dispatches.ways import NotTaken, Way
from yimen_host.notices.dispatches.words import Dispatch, is_for_operators

SEND = "yimen.dispatch"
QUEUE = "dispatches"


class Dispatches:
    """What alerts say outside."""

    def __init__(self, services: Services, ways: Sequence[Way]) -> None:
        self._services = services
        self._ways = {way.id: way for way in ways}

    async def gather(self, alert: OutboxEvent) -> None:
        """Put an alert into the open dispatch of its kind, on every way. The same alert again changes nothing."""
        if not is_for_operators(Alert(alert.type)):
            return
        for way in self._ways:
            await self._gather(way, alert)

    async def send(self, dispatch_id: str) -> None:
        """Close a dispatch and send it. Raises Later when its way does not take it."""
        now = self._services.clock.now()
        async with self._services.database.transaction() as session:
            row = await store.close(session, dispatch_id, now)
            alerts = await store.alerts_of(session, dispatch_id) if row else ()
            if row is None:
                return
            if row.way not in self._ways:  # the operator took it away; the alerts are in the inbox
                await store.drop(session, dispatch_id)
                return
        try:
            await self._ways[row.way].send(Dispatch.of(dispatch_id, alerts), now)
        except NotTaken as error:
            await self._note(dispatch_id, error.message)
            raise Later(schedule.again(row.tries + 1, now)) from error
        await self._note(dispatch_id, None)

    async def test(self) -> Sequence[tuple[Way, str]]:
        """Send a test on every way; return each with why it was not taken, empty when it was."""
        now, told = self._services.clock.now(), []
        for way in self._ways.values():
            try:
                await way.send(Dispatch.test(self._services.ids.new("dsp"), now), now)
            except NotTaken as error:
                told.append((way, error.message))
            else:
                told.append((way, ""))
        return told

    async def _gather(self, way: str, alert: OutboxEvent) -> None:
        now = self._services.clock.now()
        async with self._services.database.transaction() as session:
            if await store.is_told(session, way, alert.id):
                return
            due = schedule.due(now, await store.last_closed(session, way, alert.type))
            begun = DispatchRow(id=self._services.ids.new("dsp"), way=way, kind=alert.type, due_at=due)
            dispatch_id = await store.open_one(session, begun)
            await store.take_in(session, DispatchItemRow(way=way, event_id=alert.id, dispatch_id=dispatch_id))
            if dispatch_id == begun.id:
                await defer(session, SEND, {"dispatch_id": dispatch_id}, queue=QUEUE, at=due)

    async def _note(self, dispatch_id: str, error: str | None) -> None:
        async with self._services.database.transaction() as session:
            await store.note(session, dispatch_id, error=error, now=self._services.clock.now())
