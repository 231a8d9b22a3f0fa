"""The jobs worker: delivers what the outbox holds, and the regular chores. One or more of these run beside the host."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

import procrastinate
from procrastinate import BaseRetryStrategy, JobContext, RetryDecision, RetryStrategy
from procrastinate.jobs import Job

from yimen_host.core import alerts, deadletters
from yimen_host.core.database import SCHEMA, host_role
from yimen_host.core.errors import HostError, Later
from yimen_host.core.outbox import DELIVER, QUEUE, OutboxEvent, find_event
from yimen_host.core.waking import WakingConnector
from yimen_host.forgetting import PASTS, Past, forget
from yimen_host.node import Node
from yimen_host.notices import alerts as told
from yimen_host.notices import settled
from yimen_host.notices.dispatches import dispatching
from yimen_host.payments import sweep
from yimen_host.payments.declined import alert_declined
from yimen_host.payments.reconciliation.ageing import alert_missing, alert_old
from yimen_host.payments.webhooks.sending import Sender
from yimen_host.payments.webhooks.telling import QUEUE as WEBHOOKS
from yimen_host.payments.webhooks.telling import SEND
from yimen_host.ports import People
from yimen_host.runtime.delivery import deliver

log = logging.getLogger("yimen.jobs")


class Patient(RetryStrategy):
    """Tries again and again, but not what waits behind a dead letter: that waits for its publisher."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, deadletters.HeldBack):
            return None
        return super().get_retry_decision(exception=exception, job=job)


# 2 s, 4 s, 8 s, … about 68 minutes in all; then it is a dead letter that its publisher sees.
RETRY = Patient(max_attempts=12, exponential_wait=2, retry_exceptions={HostError, OSError, TimeoutError})
CONCURRENCY = 32  # they wait for others most of the time, and hold no connection to the database meanwhile
EVERY_MINUTE = "* * * * *"
EVERY_TEN_MINUTES = "*/10 * * * *"
EVERY_FEW_SECONDS = "*/5 * * * * *"

Destination = Callable[[OutboxEvent], Awaitable[None]]


class WhenSaid(BaseRetryStrategy):
    """Tries again when the job said so, or soon when our own part failed; the job itself knows when to give up."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        if isinstance(exception, Later):
            return RetryDecision(retry_at=exception.at)
        return RetryDecision(retry_in={"seconds": min(2**job.attempts, 300)})


class Jobs:
    """The tasks, and the worker that runs them."""

    def __init__(self, node: Node) -> None:
        self._node = node
        url = node.services.database.url
        connector = WakingConnector(
            conninfo=url.set(drivername="postgresql").render_as_string(hide_password=False),
            kwargs={"options": f"-c search_path={SCHEMA} -c role={host_role(url)}"},
        )
        self.app = procrastinate.App(connector=connector)
        self._sender = Sender(node.services)
        self._people = People(node.services, node.registry)
        self.app.task(name=DELIVER, queue=QUEUE, retry=RETRY, pass_context=True)(self._deliver)
        self.app.task(name=SEND, queue=WEBHOOKS, retry=WhenSaid())(self._send)
        self.app.task(name=dispatching.SEND, queue=dispatching.QUEUE, retry=WhenSaid())(self._dispatch)
        self._regularly("yimen.sweep", EVERY_FEW_SECONDS, self._sweep)
        self._regularly("yimen.rescue", EVERY_MINUTE, self._rescue)
        self._regularly("yimen.reconcile", EVERY_TEN_MINUTES, self._reconcile)
        self._regularly("yimen.settle", EVERY_TEN_MINUTES, self._settle)
        for past in PASTS:
            self._regularly(f"yimen.forget.{past.name}", EVERY_TEN_MINUTES, partial(self._forget, past))

    async def run(self) -> None:
        """Work until a signal ends it."""
        await self._node.start(answer_apps=False)
        try:
            async with self.app.open_async():
                await self.app.run_worker_async(
                    concurrency=CONCURRENCY, fetch_job_polling_interval=2.0, delete_jobs="successful"
                )
        finally:
            async with asyncio.timeout(10):
                await self._sender.close()
                await self._node.stop()

    async def _deliver(self, context: JobContext, event_id: str, destination: str) -> None:
        services = self._node.services
        async with services.database.transaction() as session:
            event = await find_event(session, event_id)
        if event is None:
            log.error("event %s for %s is gone", event_id, destination)
            return
        kind, _, name = destination.partition(":")
        if kind == "notices":
            await settled.tell(self._node.inbox, event)
        elif kind == alerts.DESTINATION:
            await told.tell(self._node.inbox, self._people, event)
            await self._node.dispatches.gather(event)
        elif kind == "app":
            await self._to_app(event, name, context.job)
        else:
            raise ValueError(f"no such destination: {destination}")

    async def _to_app(self, event: OutboxEvent, app_id: str, job: Job) -> None:
        """Deliver to a mini-app, and note why when that fails: its publisher sees it, and is told of the last try."""
        services, job_id = self._node.services, job.id
        assert job_id is not None, "a job that runs has an id"
        try:
            async with services.database.transaction() as session:
                await deadletters.require_turn(session, job_id, f"app:{app_id}", event.subject)
            release = self._node.directory.main(app_id)
            if release is None:
                raise HostError(f"{app_id} is not served at the moment")
            await deliver(event, release.socket, services.keyring, services.clock)
        except HostError as error:
            async with services.database.transaction() as session:
                await deadletters.note(session, job_id, error.message, now := services.clock.now())
                if _is_last(error, job):
                    await alerts.events_dead(session, app_id, error.message, now)
            raise
        async with services.database.transaction() as session:
            await deadletters.forget(session, job_id)

    async def _send(self, delivery_id: int) -> None:
        await self._sender.send(delivery_id)

    async def _dispatch(self, dispatch_id: str) -> None:
        await self._node.dispatches.send(dispatch_id)

    async def _sweep(self) -> None:
        await sweep.sweep(self._node.payments)

    async def _reconcile(self) -> None:
        await self._node.payments.reconciling.due()
        await self._node.payments.channel_fees.due()
        await alert_old(self._node.payments.reconciling)
        await alert_missing(self._node.payments.reconciling)
        await alert_declined(self._node.payments)

    async def _settle(self) -> None:
        await self._node.payments.settling.due()

    async def _forget(self, past: Past) -> None:
        await forget(self._node.services, past)

    async def _rescue(self) -> None:
        """Give the jobs of a worker that died back to the others, and finish what broke off."""
        for job in await self.app.job_manager.get_stalled_jobs():
            await self.app.job_manager.retry_job(job)

        for submission in await self._node.registry.waiting_for_checks():
            await self._node.registry.check(submission.id)
        await self._node.removals.finish()

    def _regularly(self, name: str, cron: str, work: Callable[[], Awaitable[None]]) -> None:
        async def run(timestamp: int) -> None:
            await work()

        self.app.periodic(cron=cron)(self.app.task(name=name, queueing_lock=name, pass_context=False)(run))


def _is_last(error: HostError, job: Job) -> bool:
    """Whether this failure makes a dead letter. One that waits behind another is no news."""
    return not isinstance(error, deadletters.HeldBack) and RETRY.get_retry_decision(exception=error, job=job) is None
