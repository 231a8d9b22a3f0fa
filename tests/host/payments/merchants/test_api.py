"""The platform API of merchants under attack: nobody moves an account, reads another's, or leaves one in clear."""

import asyncio
import datetime as dt
import json
from hashlib import sha256
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.host.payments.merchants.forms import WHO, approved
from tests.host.payments.test_api import Caller, client
from tests.host.raised import raised

from yimen_host.core.alerts import day_of
from yimen_host.core.clock import ManualClock
from yimen_host.payments.facade import Payments
from yimen_host.payments.merchants.register import mark

FARM = {**WHO, "code": "farm-1", "account": "6222020200112233"}


async def add(payments: Payments, body: Any, *, app_id: str = "greeting", key: str | None = "k") -> httpx.Response:
    """A mini-app applies for a merchant."""
    headers = {"Idempotency-Key": key} if key else {}
    async with client(payments, Caller(app_id)) as http:
        return await http.post("/v1/merchants", json=body, headers=headers)


async def listed(payments: Payments, app_id: str = "greeting") -> list[tuple[str, str, str]]:
    """Code, state and account of each merchant that a mini-app sees."""
    async with client(payments, Caller(app_id)) as http:
        found = (await http.get("/v1/merchants")).json()["merchants"]
    return [(one["code"], one["state"], one["account_tail"]) for one in found]


async def test_a_mini_app_cannot_move_an_approved_merchants_account(payments: Payments) -> None:
    await approved(payments, "greeting", "farm-1")
    before = await payments.merchants.find("greeting_farm-1")

    moved = await add(payments, {**FARM, "account": "6222020299999999"})
    own = await add(payments, {**FARM, "code": "self"}, key="own")

    assert (moved.status_code, moved.json()["code"], own.status_code) == (409, "merchant_taken", 422)
    assert await payments.merchants.find("greeting_farm-1") == before


async def test_a_refused_change_of_one_that_was_approved_is_a_persons_to_mend(payments: Payments) -> None:
    await approved(payments, "greeting", "farm-1")
    changed = await payments.merchants.apply("greeting", {**WHO, "account": "11112222"}, by="ann", code="farm-1")
    await payments.merchants.refuse(changed.id, by="eve", publishers=(), seen=mark(changed))

    moved = await add(payments, {**FARM, "account": "6222020299999999"})

    assert (moved.status_code, await listed(payments)) == (409, [("farm-1", "refused", "2222")])


async def test_one_key_is_one_application(payments: Payments) -> None:
    first, again = await add(payments, FARM), await add(payments, FARM)
    other = await add(payments, {**FARM, "code": "farm-2"})
    missing = await add(payments, {**FARM, "code": "farm-3"}, key=None)

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
    assert await listed(payments) == [("farm-1", "applied", "2233")]


async def test_of_many_applications_at_once_one_is_the_merchant(payments: Payments) -> None:
    accounts = [f"622202020000{number:04}" for number in range(10)]

    answers = await asyncio.gather(*(add(payments, {**FARM, "account": account}, key=account) for account in accounts))

    (made,) = [answer.json()["account_tail"] for answer in answers if answer.status_code == 201]
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 9]
    assert await listed(payments) == [("farm-1", "applied", made)]


async def test_an_admin_is_told_of_applications_once_a_day(payments: Payments, clock: ManualClock) -> None:
    for number in range(3):
        await add(payments, {**FARM, "code": f"farm-{number}"}, key=f"k{number}")
    await payments.merchants.apply("rival", WHO, by="rival")
    clock.advance(days=1)
    await payments.merchants.apply("greeting", WHO, by="ann")

    today = day_of(clock.now())
    assert await raised(payments.services.database) == [
        ("merchants_applied", f"greeting:{today - dt.timedelta(days=1)}"),
        ("merchants_applied", f"rival:{today - dt.timedelta(days=1)}"),
        ("merchants_applied", f"greeting:{today}"),
    ]


async def test_another_mini_app_sees_and_takes_nothing(payments: Payments) -> None:
    await add(payments, FARM)

    theirs = await add(payments, {**FARM, "account": "88889999"}, app_id="rival")

    assert theirs.status_code == 201
    assert await listed(payments) == [("farm-1", "applied", "2233")]
    assert await listed(payments, "rival") == [("farm-1", "applied", "9999")]


async def test_an_account_is_nowhere_in_clear_nor_by_a_plain_hash(payments: Payments) -> None:
    body = json.dumps(FARM).encode()
    async with client(payments, Caller("greeting")) as http:
        await http.post("/v1/merchants", content=body, headers={"Idempotency-Key": "k"})

    async with payments.services.database.transaction() as session:
        stored = await session.scalar(
            text("SELECT string_agg(m::text || i::text, '') FROM merchant m, payment_idempotency i")
        )
    assert stored is not None
    assert "2233" in stored
    assert [secret in stored for secret in (FARM["account"], sha256(body).hexdigest())] == [False, False]


@pytest.mark.parametrize("body", [{}, {**FARM, "state": "approved"}, {**FARM, "account": 6222020200112233}, []])
async def test_a_malformed_application_is_refused(payments: Payments, body: Any) -> None:
    answer = await add(payments, body)

    assert (answer.status_code, await listed(payments)) == (422, [])
