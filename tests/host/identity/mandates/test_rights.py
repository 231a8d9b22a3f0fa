"""Acting for somebody: the mini-app sees the intersection of both people's rights, until either ends it."""

import base64
import json
from typing import Any

import pytest
from tests.host.identity.mandates.conftest import TERMS, Family

from yimen_host.core.clock import ManualClock
from yimen_host.core.errors import SignInNeeded
from yimen_host.identity import store as identity
from yimen_host.identity.mandates.errors import MandateOver, MandateStands, NoSuchMandate
from yimen_host.runtime.gateway.ports import Visitor
from yimen_host.runtime.store import UsedTicket


async def acting(family: Family, mandate_id: str) -> str:
    """The cookie of the daughter's session in her mother's place."""
    _, viewer = await family.here.sign_in(family.daughter)
    ticket = UsedTicket(family.daughter, viewer.session_id, mandate_id)
    return await family.here.node.app_sessions.begin("tea", ticket, locale="zh", look="standard")


async def seen(family: Family, cookie: str) -> Visitor | None:
    """Who the gateway finds behind a cookie, with nothing kept."""
    family.here.node.app_sessions.forget(None)
    return await family.here.node.app_sessions.identify("tea", cookie)


def told(visitor: Visitor | None) -> dict[str, Any]:
    """The claims of an assertion."""
    assert visitor is not None
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(visitor.assertion.split(".")[1] + "=="))
    return claims


async def test_the_assertion_names_the_mother_and_who_acts_for_her(family: Family) -> None:
    cookie = await acting(family, await family.offered())

    claims = told(await seen(family, cookie))

    pairwise = family.here.services.keyring.pairwise
    mother = await family.here.node.accounts.account(family.mother)
    assert mother is not None
    assert {name: claims[name] for name in ("sub", "act", "scope", "claims")} == {
        "sub": pairwise("tea", family.mother),
        "act": {"sub": pairwise("tea", family.daughter)},
        "scope": "identity.name payments.order",
        "claims": {"name": mother.name},
    }
    assert not {family.mother, family.daughter} & set(json.dumps(claims).split('"'))


async def test_what_either_of_the_two_may_not_is_not_there(family: Family) -> None:
    cookie = await acting(family, await family.offered())

    await family.here.grant(family.mother, "payments.order")
    without_hers = told(await seen(family, cookie))["scope"]
    await family.here.grant(family.mother, "identity.name", "payments.order", "notices.send")
    await family.here.grant(family.daughter, "identity.name", "notices.send", "bills.mandate")
    without_the_daughters = told(await seen(family, cookie))["scope"]

    # notices.send is not in the mandate, whatever both granted.
    assert (without_hers, without_the_daughters) == ("payments.order", "identity.name")


async def test_a_delegate_who_withdraws_acting_is_nobody_there(family: Family) -> None:
    cookie = await acting(family, await family.offered())
    assert await seen(family, cookie) is not None

    await family.here.grant(family.daughter, "identity.name", "payments.order")

    assert await seen(family, cookie) is None


@pytest.mark.parametrize("who", ["mother", "daughter"])
async def test_either_ends_it_at_once(family: Family, who: str) -> None:
    mandate = await family.offered()
    cookie = await acting(family, mandate)
    visitor = await seen(family, cookie)
    assert visitor is not None
    assert (await family.here.node.callers.caller("tea", visitor.assertion)).resident_id == family.mother

    await family.here.node.mandates.end(mandate, getattr(family, who))

    assert await seen(family, cookie) is None
    with pytest.raises(SignInNeeded):  # also with the assertion that has not expired
        await family.here.node.callers.caller("tea", visitor.assertion)


async def test_its_time_ends_it(family: Family, clock: ManualClock) -> None:
    mandate = await family.offered()

    clock.advance(hours=24 * 365)

    assert await family.here.node.mandates.acting(family.daughter, mandate, "tea") is None
    assert [row.state for row in await family.here.node.mandates.of_person(family.mother)] == ["lapsed"]
    assert await family.offered() != mandate


async def test_a_mandate_is_nobody_elses_and_of_no_other_app(family: Family) -> None:
    mandate, mandates = await family.offered(), family.here.node.mandates
    stranger = await family.here.settle("13800000003", person=102)

    found = [await mandates.acting(*asked) for asked in (
        (family.daughter, mandate, "tea"), (stranger, mandate, "tea"), (family.mother, mandate, "tea"),
        (family.daughter, mandate, "coffee"),
    )]  # fmt: skip

    assert [row is not None for row in found] == [True, False, False, False]
    for act in (mandates.end, mandates.seen):
        with pytest.raises(NoSuchMandate):
            await act(mandate, stranger)


async def test_what_was_asked_for_counts_only_when_the_mother_says_yes(family: Family) -> None:
    mandates = family.here.node.mandates
    mandate = await mandates.ask(family.daughter, family.mother, TERMS)
    reasons = dict.fromkeys(TERMS.scopes, "因为")
    with pytest.raises(NoSuchMandate):
        await mandates.confirm(mandate, family.daughter, reasons)
    before = await mandates.acting(family.daughter, mandate, "tea")

    await mandates.confirm(mandate, family.mother, reasons)

    after = await mandates.acting(family.daughter, mandate, "tea")
    assert (before, after and after.id) == (None, mandate)
    with pytest.raises(MandateOver):
        await mandates.confirm(mandate, family.mother, reasons)


async def test_a_refused_request_cannot_be_confirmed_later(family: Family) -> None:
    mandates = family.here.node.mandates
    mandate = await mandates.ask(family.daughter, family.mother, TERMS)

    await mandates.end(mandate, family.mother)

    with pytest.raises(MandateOver):
        await mandates.confirm(mandate, family.mother, dict.fromkeys(TERMS.scopes, "因为"))


async def test_two_people_have_one_mandate_for_one_service(family: Family) -> None:
    await family.offered()

    with pytest.raises(MandateStands):
        await family.offered()


async def test_both_see_that_it_was_used_and_the_mother_what_was_read(family: Family) -> None:
    mandate = await family.offered()
    await seen(family, await acting(family, mandate))

    async with family.here.services.database.transaction() as session:
        hers = [(row.fields, row.purpose) for row in await identity.accesses(session, family.mother)]
        the_daughters = await identity.accesses(session, family.daughter)
    uses = [(await family.here.node.mandates.seen(mandate, person))[1] for person in (family.mother, family.daughter)]
    assert (hers, list(the_daughters)) == ([("name", "mandate")], [])
    assert [[use.kind for use in seen_] for seen_ in uses] == [["opened"], ["opened"]]
