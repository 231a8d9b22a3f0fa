"""The ledger on the real database: many at once, and what must hold afterwards."""

import asyncio
from collections import Counter

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.draft import Draft, Leg, expire_hold, hold, post_hold, reverse, transfer, void_hold
from yimen_host.payments.ledger.queue import Companion
from yimen_host.payments.ledger.rule import Posted, Reason, Refusal
from yimen_host.payments.ledger.writer import Writer
from yimen_sdk.money import yuan


def fund(resident: str, amount: str = "100.00") -> Draft:
    return transfer(f"fund:{resident}", "test", debit="grants:test", credit=f"wallet:{resident}", amount=yuan(amount))


def spend(key: str, resident: str = "ada", amount: str = "1.00") -> Draft:
    return transfer(key, "test", debit=f"wallet:{resident}", credit="merchant:tea:payable", amount=yuan(amount))


async def standing(services: Services, *codes: str) -> dict[str, tuple[str, str]]:
    """Each account's posted and available balance."""
    async with services.database.transaction() as session:
        found = {code: await books.balance(session, code) for code in codes}
        assert await books.audit(session) == []
    return {code: (str(b.posted), str(b.available)) for code, b in found.items()}


async def test_a_transfer_moves_money_once(services: Services, ledger: Writer) -> None:
    await ledger.post(fund("ada"))

    first = await ledger.post(spend("k1", amount="8.00"))
    again = await ledger.post(spend("k1", amount="8.00"))

    assert isinstance(first, Posted)
    assert again == Posted(first.transaction_id, "k1", replayed=True)
    assert await standing(services, "wallet:ada", "merchant:tea:payable", "grants:test") == {
        "wallet:ada": ("92.00", "92.00"),
        "merchant:tea:payable": ("8.00", "8.00"),
        "grants:test": ("-100.00", "-100.00"),
    }


async def test_sixty_four_duplicates_have_one_effect(services: Services, ledger: Writer) -> None:
    await ledger.post(fund("ada"))
    second = Writer(services.database, services.clock)
    await second.start()

    outcomes = await asyncio.gather(*(writer.post(spend("same")) for _ in range(32) for writer in (ledger, second)))

    await second.stop()
    assert Counter(isinstance(o, Posted) and o.replayed for o in outcomes) == {False: 1, True: 63}
    assert await standing(services, "wallet:ada") == {"wallet:ada": ("99.00", "99.00")}


async def test_a_key_used_for_something_else_is_refused(services: Services, ledger: Writer) -> None:
    await ledger.post(fund("ada"))
    outcomes = await asyncio.gather(ledger.post(spend("k", amount="1.00")), ledger.post(spend("k", amount="2.00")))

    assert outcomes[1] == Refusal("k", Reason.KEY_REUSED, "key k was used for something else")
    assert outcomes[1].retry == "new_key"
    assert await standing(services, "wallet:ada") == {"wallet:ada": ("99.00", "99.00")}


async def test_a_drain_by_many_stops_at_the_floor(services: Services, ledger: Writer) -> None:
    await ledger.post(fund("ada", "10.00"))
    writers = [ledger, *(Writer(services.database, services.clock) for _ in range(3))]
    for writer in writers[1:]:
        await writer.start()

    outcomes = await asyncio.gather(*(writers[n % 4].post(spend(f"drain:{n}")) for n in range(100)))

    for writer in writers[1:]:
        await writer.stop()
    assert Counter(type(o).__name__ for o in outcomes) == {"Posted": 10, "Refusal": 90}
    assert {o.reason for o in outcomes if isinstance(o, Refusal)} == {Reason.FLOOR}
    assert await standing(services, "wallet:ada", "merchant:tea:payable") == {
        "wallet:ada": ("0.00", "0.00"),
        "merchant:tea:payable": ("10.00", "10.00"),
    }


async def test_a_refused_key_can_still_pay_later(services: Services, ledger: Writer) -> None:
    refused = await ledger.post(spend("early"))
    still = await ledger.post(spend("early"))
    await ledger.post(fund("ada"))
    paid = await ledger.post(spend("early"))

    assert [type(o) for o in (refused, still, paid)] == [Refusal, Refusal, Posted]
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.retry) == (Reason.FLOOR, "same_key")


async def test_a_hold_takes_from_what_is_available_and_ends_once(services: Services, ledger: Writer) -> None:
    until = services.clock.now().replace(hour=9)
    await ledger.post(fund("ada", "10.00"))
    legs = (Leg("wallet:ada", -yuan("6.00")), Leg("merchant:tea:payable", yuan("6.00")))

    held = await ledger.post(hold("h", "test", *legs, expires_at=until))
    too_much = await ledger.post(spend("s", amount="5.00"))
    while_held = await standing(services, "wallet:ada", "merchant:tea:payable")
    ends = await asyncio.gather(
        ledger.post(post_hold("end1", "test", hold="h")),
        ledger.post(void_hold("end2", "test", hold="h")),
        ledger.post(post_hold("end3", "test", hold="h")),
    )

    assert isinstance(held, Posted)
    assert too_much == Refusal("s", Reason.FLOOR, "wallet:ada has 400 fen to spend")
    assert while_held == {"wallet:ada": ("10.00", "4.00"), "merchant:tea:payable": ("0.00", "0.00")}
    assert [type(o) for o in ends] == [Posted, Refusal, Refusal]
    assert ends[1] == Refusal("end2", Reason.ALREADY_RESOLVED, "h was resolved before")
    assert await standing(services, "wallet:ada", "merchant:tea:payable") == {
        "wallet:ada": ("4.00", "4.00"),
        "merchant:tea:payable": ("6.00", "6.00"),
    }


async def test_two_processes_end_a_hold_once(services: Services, ledger: Writer) -> None:
    until = services.clock.now().replace(hour=9)
    await ledger.post(fund("ada", "10.00"))
    legs = (Leg("wallet:ada", -yuan("6.00")), Leg("merchant:tea:payable", yuan("6.00")))
    await ledger.post(hold("h", "test", *legs, expires_at=until))
    other = Writer(services.database, services.clock)
    await other.start()

    ends = await asyncio.gather(
        *(
            writer.post(post_hold(f"{name}{n}", "test", hold="h"))
            for n in range(8)
            for name, writer in (("a", ledger), ("b", other))
        )
    )

    await other.stop()
    assert Counter(isinstance(o, Posted) for o in ends) == {True: 1, False: 15}
    assert await standing(services, "wallet:ada") == {"wallet:ada": ("4.00", "4.00")}


async def test_a_hold_expires_only_when_its_time_is_over(
    services: Services, ledger: Writer, clock: ManualClock
) -> None:
    until = services.clock.now().replace(hour=9)
    await ledger.post(fund("ada", "10.00"))
    legs = (Leg("wallet:ada", -yuan("6.00")), Leg("merchant:tea:payable", yuan("6.00")))
    await ledger.post(hold("h", "test", *legs, expires_at=until))

    early = await ledger.post(expire_hold("x", "test", hold="h"))
    clock.advance(hours=2)
    too_late = await ledger.post(post_hold("p", "test", hold="h"))
    expired = await ledger.post(expire_hold("x", "test", hold="h"))

    assert isinstance(early, Refusal)
    assert isinstance(too_late, Refusal)
    assert (early.reason, too_late.reason) == (Reason.NOT_EXPIRED, Reason.HOLD_EXPIRED)
    assert isinstance(expired, Posted)
    assert await standing(services, "wallet:ada") == {"wallet:ada": ("10.00", "10.00")}


async def test_a_posting_is_reversed_once(services: Services, ledger: Writer) -> None:
    await ledger.post(fund("ada"))
    await ledger.post(spend("k", amount="8.00"))

    outcomes = [await ledger.post(reverse(f"r{n}", "test", posting="k")) for n in range(2)]
    nothing = await ledger.post(reverse("r9", "test", posting="never"))

    assert [type(o) for o in outcomes] == [Posted, Refusal]
    assert nothing == Refusal("r9", Reason.NOT_THERE, "never is not there to be resolved")
    assert await standing(services, "wallet:ada", "merchant:tea:payable") == {
        "wallet:ada": ("100.00", "100.00"),
        "merchant:tea:payable": ("0.00", "0.00"),
    }


async def test_a_companion_is_written_with_the_posting_or_not_at_all(services: Services, ledger: Writer) -> None:
    async def note(session: AsyncSession) -> Decision:
        await session.execute(text("INSERT INTO payment_receipt_counter VALUES (current_date, 1)"))
        return GRANTED

    async def write_and_refuse(session: AsyncSession) -> Decision:
        await session.execute(text("INSERT INTO payment_receipt_counter VALUES (date '2000-01-01', 1)"))
        return Refused("closed")

    await ledger.post(fund("ada"))
    outcomes = await asyncio.gather(
        ledger.post(spend("a"), note), ledger.post(spend("b"), write_and_refuse), ledger.post(spend("c"))
    )

    async with services.database.transaction() as session:
        days = (await session.scalars(text("SELECT count(*) FROM payment_receipt_counter"))).one()
    assert [type(o) for o in outcomes] == [Posted, Refusal, Posted]
    assert outcomes[1] == Refusal("b", Reason.GUARD, "closed")
    assert days == 1
    assert await standing(services, "wallet:ada") == {"wallet:ada": ("98.00", "98.00")}


async def test_a_poisoned_item_fails_alone(services: Services, ledger: Writer) -> None:
    async def poison(session: AsyncSession) -> Decision:
        await session.execute(text("SELECT 1 / 0"))
        return GRANTED

    await ledger.post(fund("ada"))
    outcomes = await asyncio.gather(
        *(ledger.post(spend(f"p{n}"), poison if n == 5 else None) for n in range(16)), return_exceptions=True
    )

    assert [isinstance(o, Posted) for o in outcomes] == [True] * 5 + [False] + [True] * 10
    assert "division by zero" in str(outcomes[5])
    assert await standing(services, "wallet:ada") == {"wallet:ada": ("85.00", "85.00")}


async def test_a_connection_that_breaks_mid_batch_loses_and_doubles_nothing(services: Services, ledger: Writer) -> None:
    broken: list[str] = []

    def break_once(name: str) -> Companion:
        async def companion(session: AsyncSession) -> Decision:
            if name not in broken:
                broken.append(name)
                await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            return GRANTED

        return companion

    await ledger.post(fund("ada"))
    outcomes = await asyncio.gather(
        *(ledger.post(spend(f"b{n}"), break_once(f"b{n}") if n % 10 == 5 else None) for n in range(20))
    )

    assert broken == ["b5", "b15"]
    assert all(isinstance(outcome, Posted) for outcome in outcomes)
    assert await standing(services, "wallet:ada") == {"wallet:ada": ("80.00", "80.00")}


@pytest.mark.parametrize(
    ("table", "column"), [("journal_transaction", "about"), ("journal_entry", "amount"), ("journal_batch", "hash")]
)
async def test_the_host_role_cannot_change_the_journal(
    services: Services, ledger: Writer, table: str, column: str
) -> None:
    await ledger.post(fund("ada"))

    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(DBAPIError) as refused:
            async with services.database.transaction() as session:
                await session.execute(text(statement))
        assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


async def test_even_the_owner_cannot_change_the_journal(services: Services, ledger: Writer, migrated_url: str) -> None:
    await ledger.post(fund("ada"))
    owner = migrated_url.replace("+psycopg", "")

    for statement in ("UPDATE yimen.journal_entry SET amount = amount", "DELETE FROM yimen.journal_transaction"):
        with psycopg.connect(owner) as connection, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute(statement.encode())


async def test_the_audit_finds_what_was_tampered_with(services: Services, ledger: Writer, migrated_url: str) -> None:
    for name in ("ada", "bob"):
        await ledger.post(fund(name))
    with psycopg.connect(migrated_url.replace("+psycopg", "")) as connection:
        connection.execute("ALTER TABLE yimen.journal_transaction DISABLE TRIGGER USER")
        connection.execute("UPDATE yimen.journal_transaction SET about = 'other' WHERE key = 'fund:ada'")
        connection.execute("UPDATE yimen.ledger_account SET balance = 1 WHERE code = 'wallet:bob'")

    async with services.database.transaction() as session:
        faults = await books.audit(session)

    assert faults == [
        "an account is not the sum of its entries: wallet:bob",
        "the chain is broken: lane 0 batch 1",
    ]


async def test_refused_companions_leave_the_connection_fit_for_the_next(services: Services, ledger: Writer) -> None:
    async def refuse(session: AsyncSession) -> Decision:
        await session.execute(text("SELECT count(*) FROM journal_transaction"))
        return Refused("no")

    await ledger.post(fund("ada"))
    refused = [await ledger.post(spend(f"r{n}"), refuse) for n in range(12)]  # past where a driver prepares by itself

    assert [type(outcome) for outcome in refused] == [Refusal] * 12
    assert isinstance(await ledger.post(spend("k1")), Posted)


async def test_a_writer_that_is_ended_in_the_middle_of_a_batch_ends(services: Services) -> None:
    async with asyncio.timeout(20):
        asleep = asyncio.Event()
        writer = Writer(services.database, services.clock)
        await writer.start()
        workers = [task for task in asyncio.all_tasks() if task.get_name().startswith("ledger-")]

        async def sleep(session: AsyncSession) -> Decision:
            await session.execute(text("SELECT 1"))
            asleep.set()
            await asyncio.Event().wait()
            return GRANTED

        asking = asyncio.ensure_future(writer.post(fund("ada"), sleep))
        await asleep.wait()
        for task in workers:
            task.cancel()
        await asyncio.wait(workers)

        assert [task.cancelled() for task in workers] == [True, True]
        asking.cancel()
