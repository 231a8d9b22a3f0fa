"""What is over is kept for as long as was said, then it goes; what is still needed stays, however old."""

import asyncio
import datetime as dt

import pytest
from alembic import command
from sqlalchemy import text
from tests.host.village import Village

from yimen_host.core import deadletters, keeping, schema
from yimen_host.core.alerts import Alert, raise_alert
from yimen_host.core.clock import ManualClock
from yimen_host.core.outbox import Happening, find_event, publish
from yimen_host.core.services import Services
from yimen_host.forgetting import AGAIN, AT_ONCE, PASTS, forget
from yimen_host.jobs import Jobs
from yimen_host.notices.dispatches.dispatching import Dispatches
from yimen_host.notices.dispatches.ways import Webhook
from yimen_host.payments.webhooks.telling import tell

MOMENT = dt.timedelta(microseconds=1)
BY_NAME = {past.name: past for past in PASTS}
WORLD = """
INSERT INTO resident (id, phone_hash, phone_sealed, assurance, created_at) VALUES ('ada', 'ada', '', 0, :over);
INSERT INTO session (id, secret_hash, resident_id, browser, created_at, seen_at, expires_at)
    VALUES ('here', 'here', 'ada', '', :over, :over, :later);
INSERT INTO outbox_event (id, type, subject, data, created_at, looked_at) VALUES ('evt', '', '', '{}', :over, :later);
INSERT INTO webhook_endpoint (id, app_id, url, types, state, failures, created_at)
    VALUES ('hook', 'tea', '', '[]', 'active', 0, :over);
"""
WRITTEN_BY_AN_OLDER_PART = (
    "INSERT INTO outbox_event (id, type, subject, data, created_at) VALUES ('2', '', '', '{}', :over)"
)
KINDS = {
    "codes": (
        "one_time_code",
        "INSERT INTO one_time_code (id, phone_hash, phone_sealed, purpose, code_hash, tries, created_at, expires_at,"
        " used_at) VALUES ('over', '', '', '', '', 0, :over, :over, :over),"
        " ('needed', '', '', '', '', 0, :over, :later, NULL)",
    ),
    "tickets": (
        "launch_ticket",
        "INSERT INTO launch_ticket (secret_hash, app_id, resident_id, session_id, expires_at)"
        " VALUES ('over', 'tea', 'ada', 'here', :over), ('needed', 'tea', 'ada', 'here', :later)",
    ),
    "app_sessions": (
        "app_session",
        "INSERT INTO app_session (secret_hash, app_id, resident_id, session_id, version, told, locale, look,"
        " created_at, expires_at) VALUES ('over', 'tea', 'ada', 'here', '', '', '', '', :over, :over),"
        " ('needed', 'tea', 'ada', 'here', '', '', '', '', :over, :later)",
    ),
    "sessions": (
        "session",
        "INSERT INTO session (id, secret_hash, resident_id, browser, created_at, seen_at, expires_at, ended_at)"
        " VALUES ('over', 'over', 'ada', '', :over, :over, :over, :over);"
        " UPDATE session SET secret_hash = 'needed' WHERE id = 'here'",
    ),
    "answers": (
        "payment_idempotency",
        "INSERT INTO payment_idempotency (scope, key, fingerprint, answer, created_at)"
        " VALUES ('over', '', '', '{}', :over), ('needed', '', '', '{}', :later)",
    ),
    "channel_notices": (
        "payment_channel_notice",
        "INSERT INTO payment_channel_notice (channel, nonce, notice_id, attempt_id, heard_at, acted_at)"
        " VALUES ('over', '', '', '', :over, :over), ('needed', '', '', '', :over, NULL)",
    ),
    "deliveries": (
        "webhook_delivery",
        "INSERT INTO webhook_delivery (endpoint_id, event_id, subject, sequence, state, attempts, last_at, created_at)"
        " SELECT 'hook', 'evt', CASE state WHEN 'delivered' THEN 'over' ELSE 'needed' END, 1, state, 1, :over, :over"
        " FROM unnest('{delivered,pending,dead}'::text[]) AS state",
    ),
    "dispatches": (
        "alert_dispatch",
        "INSERT INTO alert_dispatch (id, way, kind, due_at, closed_at, sent_at, tries) VALUES"
        " ('over', '', '', :over, :over, :over, 1), ('needed', '', '', :over, :over, NULL, 1);"
        " INSERT INTO alert_dispatch_item (way, event_id, dispatch_id) VALUES ('', 'evt', 'over')",
    ),
    "events": (
        "outbox_event",
        "UPDATE outbox_event SET id = 'needed';"
        " INSERT INTO outbox_event (id, type, subject, data, created_at, looked_at)"
        " VALUES ('over', '', '', '{}', :over, :over)",
    ),
    "secrets": (
        "webhook_secret",
        "INSERT INTO webhook_secret (id, endpoint_id, sealed, created_at, ends_at)"
        " VALUES ('over', 'hook', '', :over, :over), ('needed', 'hook', '', :over, NULL)",
    ),
    "read_notices": (
        "notice",
        "INSERT INTO notice (id, resident_id, source_id, title_zh, title_en, text_zh, text_en, link, created_at,"
        " read_at) VALUES ('over', 'ada', '1', '', '', '', '', '', :over, :over),"
        " ('needed', 'ada', '2', '', '', '', '', '', :over, NULL)",
    ),
    "chores": (
        "procrastinate_jobs",
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, status) VALUES"
        " ('over', 'yimen.sweep', NULL, 'yimen.sweep', 'failed'),"
        " ('needed', 'yimen.deliver', 'app:tea:x', NULL, 'failed');"
        " UPDATE procrastinate_events SET at = :over;"
        " INSERT INTO procrastinate_events (job_id, type, at) SELECT id, 'failed', :over FROM procrastinate_jobs",
    ),
}  # fmt: skip
"""For each kind its table, and what makes one row that is over at a moment and those that are still needed then."""


async def _do(services: Services, statements: str, **values: object) -> None:
    async with services.database.transaction() as session:
        for statement in statements.split(";"):
            if statement.strip():
                await session.execute(text(statement), values if ":" in statement.replace("::", "") else {})


async def _kept(services: Services, table: str) -> set[str]:
    """Whether what is over is there, and what is needed: every row of the table has one of the two words in it."""
    async with services.database.transaction() as session:
        rows = await session.execute(text(f"SELECT row({table}.*)::text FROM {table}"))
        return {word for (row,) in rows for word in ("over", "needed") if word in row}


@pytest.mark.parametrize("kind", BY_NAME)
async def test_what_is_over_goes_a_moment_after_its_time(services: Services, clock: ManualClock, kind: str) -> None:
    past, (table, made) = BY_NAME[kind], KINDS[kind]
    moments = {"over": clock.now(), "later": clock.now() + past.kept + dt.timedelta(days=1)}
    await _do(services, WORLD + made, **moments)

    clock.advance(seconds=past.kept.total_seconds())
    early = (await forget(services, past), await _kept(services, table))
    clock.advance(seconds=MOMENT.total_seconds())
    late = (await forget(services, past), await _kept(services, table))

    assert (early, late) == ((0, {"over", "needed"}), (1, {"needed"}))


@pytest.mark.parametrize("kind", ["sessions", "events"])
async def test_two_workers_forget_side_by_side(services: Services, clock: ManualClock, kind: str) -> None:
    past, most = BY_NAME[kind], 2 * AT_ONCE + 500
    made = {
        "sessions": "INSERT INTO session (id, secret_hash, resident_id, browser, created_at, seen_at, expires_at)"
        " SELECT n, n, 'ada', '', :over, :over, :over FROM generate_series(1, :most) AS n",
        "events": "INSERT INTO outbox_event (id, type, subject, data, created_at, looked_at)"
        " SELECT n, '', '', '{}', :over, :over FROM generate_series(1, :most) AS n",
    }
    await _do(services, WORLD, over=clock.now(), later=clock.now() + 2 * past.kept)
    await _do(services, made[kind], over=clock.now(), most=most)
    clock.advance(days=past.kept.days, seconds=1)

    dealt = await asyncio.gather(*(forget(services, past) for _ in range(2)))
    again = await forget(services, past)

    assert (sum(dealt), again) == (most, 0)
    async with services.database.transaction() as session:
        assert await session.scalar(text(f"SELECT count(*) FROM {KINDS[kind][0]}")) == 1


@pytest.mark.parametrize("kind", ["sessions", "events"])
async def test_what_somebody_holds_is_passed_by(services: Services, clock: ManualClock, kind: str) -> None:
    past, (table, made) = BY_NAME[kind], KINDS[kind]
    await _do(services, WORLD + made, over=clock.now(), later=clock.now() + 2 * past.kept)
    clock.advance(days=past.kept.days, seconds=1)

    async with services.database.transaction() as session, asyncio.timeout(20):
        await session.execute(text(f"SELECT 1 FROM {table} WHERE id = 'over' FOR UPDATE"))
        meanwhile = await forget(services, past)

    assert (meanwhile, await forget(services, past)) == (0, 1)


async def test_an_event_stays_until_everybody_has_heard_of_it(services: Services, clock: ManualClock) -> None:
    """One each that waits for a mini-app, was given up there, waits for a webhook, and waits to leave the host."""
    past, way = BY_NAME["events"], Webhook("http://nobody.test", "whsec_" + "c2VjcmV0" * 4, "https://yimen.test")
    await _do(services, WORLD, over=clock.now(), later=clock.now())
    async with services.database.transaction() as session:
        for id_ in ("waits", "dead", "webhook"):
            happening = Happening(id_, "yimen.payment.settled", id_, {}, clock.now())
            await publish(session, happening, to=[] if id_ == "webhook" else ["app:tea"])
        await session.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE args->>'event_id' = 'dead'"))
        await tell(session, "tea", happening, told=(happening.type,))
        await raise_alert(session, Alert.PAYOUT_FAILED, "bat_1", {"fen": 1, "name": "", "reason": ""}, clock.now())
        alert = await find_event(session, f"{Alert.PAYOUT_FAILED}:bat_1")
    assert alert is not None
    await Dispatches(services, [way]).gather(alert)
    await _do(services, "DELETE FROM procrastinate_jobs WHERE args->>'event_id' = :id", id=alert.id)
    everything = {"waits", "dead", "webhook", alert.id}

    clock.advance(days=past.kept.days, seconds=1)
    looked = [(await forget(services, past), await _events(services)) for _ in range(2)]
    await _do(services, "DELETE FROM procrastinate_jobs; DELETE FROM webhook_delivery; DELETE FROM alert_dispatch")
    clock.advance(days=AGAIN.days, seconds=1)
    late = (await forget(services, past), await _events(services))

    assert looked == [(5, everything), (0, everything)]
    assert late == (4, set())


async def test_sessions_of_mini_apps_go_with_the_session_they_came_from(services: Services, clock: ManualClock) -> None:
    past = BY_NAME["sessions"]
    await _do(
        services, WORLD + KINDS["app_sessions"][1] + ";" + KINDS["tickets"][1], over=clock.now(), later=clock.now()
    )
    clock.advance(days=past.kept.days, seconds=1)

    forgotten = await forget(services, past)

    assert forgotten == 1
    assert [await _kept(services, table) for table in ("session", "app_session", "launch_ticket")] == [set()] * 3


async def test_what_comes_from_before_the_upgrade_is_forgotten_too(
    services: Services, clock: ManualClock, migrated_url: str
) -> None:
    config, old = schema.alembic_config(migrated_url), {"over": clock.now(), "later": clock.now()}
    from_before = WORLD.replace(", looked_at", "").replace("'{}', :over, :later)", "'{}', :over)")
    await asyncio.to_thread(command.downgrade, config, "0026")
    await _do(services, from_before + KINDS["app_sessions"][1], **old)
    await services.database.close()

    await asyncio.to_thread(schema.migrate, migrated_url)
    await _do(services, WRITTEN_BY_AN_OLDER_PART, **old)
    at_once = (await forget(services, BY_NAME["events"]), await _events(services))
    clock.advance(days=keeping.SESSIONS.days + 30)
    for past in PASTS:
        await forget(services, past)

    assert at_once == (0, {"evt", "2"})
    assert [await _kept(services, table) for table in ("session", "app_session")] == [set(), set()]
    assert await _events(services) == set()


async def test_every_kind_has_a_job_of_its_own(here: Village) -> None:
    tasks = Jobs(here.node).app.periodic_registry.periodic_tasks.values()

    assert {periodic.task.name for periodic in tasks} >= {f"yimen.forget.{past.name}" for past in PASTS}
    assert set(KINDS) == {past.name for past in PASTS}


async def test_a_destination_that_is_gone_leaves_no_reason_behind(services: Services, clock: ManualClock) -> None:
    async with services.database.transaction() as session:
        for app in ("tea", "cakes"):
            happening = Happening(app, "town.opened", app, {}, clock.now())
            await publish(session, happening, to=[f"app:{app}"])
        for (id_,) in (await session.execute(text("SELECT id FROM procrastinate_jobs"))).all():
            await deadletters.note(session, id_, "closed", clock.now())

        await deadletters.forget_destination(session, "app:tea")

        left = [await deadletters.letters(session, f"app:{app}") for app in ("tea", "cakes")]
        reasons = await session.scalar(text("SELECT count(*) FROM outbox_failure"))
    assert ([[letter.subject for letter in letters] for letters in left], reasons) == ([[], ["cakes"]], 1)


async def _events(services: Services) -> set[str]:
    async with services.database.transaction() as session:
        return set((await session.execute(text("SELECT id FROM outbox_event"))).scalars())
