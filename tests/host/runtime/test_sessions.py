"""Sessions at a mini-app's origin: what ends them, what they cost, and what residents see of them."""

import asyncio
import base64
import json
from typing import Any

from tests.host.village import MANIFEST, Village, record

from yimen_host.core.clock import ManualClock
from yimen_host.identity import changes
from yimen_host.identity import store as identity
from yimen_host.runtime.gateway.ports import Visitor
from yimen_host.runtime.listening import PAUSE_SECONDS


def told(visitor: Visitor | None) -> dict[str, Any]:
    """The claims of an assertion."""
    assert visitor is not None
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(visitor.assertion.split(".")[1] + "=="))
    return claims


async def accesses(here: Village, resident: str) -> list[tuple[str | None, str, str]]:
    """Who read what of a resident, the latest first."""
    async with here.services.database.transaction() as session:
        return [(row.app_id, row.fields, row.purpose) for row in await identity.accesses(session, resident)]


async def heard(here: Village) -> None:
    """Let the process hear what was told so far."""
    async with here.services.database.transaction() as session:
        await changes.tell(session, here.services.keyring, "nobody")
    await asyncio.sleep(3 * PAUSE_SECONDS)


async def test_an_assertion_says_what_was_granted_and_no_more(here: Village) -> None:
    ada = await here.settle()
    await here.grant(ada, "identity.name")

    claims = told(await here.visitor(ada))

    name = (await here.node.accounts.account(ada)).name  # type: ignore[union-attr]  # ada is here
    assert {key: claims[key] for key in ("aud", "scope", "claims", "assurance", "locale", "ui")} == {
        "aud": "tea", "scope": "identity.name", "claims": {"name": name},
        "assurance": 1, "locale": "zh", "ui": "standard",
    }  # fmt: skip
    assert claims["exp"] - claims["iat"] == 60
    assert ada not in json.dumps(claims)


async def test_a_scope_means_nothing_before_the_name_is_verified(here: Village) -> None:
    ada = await here.settle(person=None)
    await here.grant(ada, "identity.name", "payments.order")

    claims = told(await here.visitor(ada))

    assert (claims["scope"], claims["claims"]) == ("payments.order", {})


async def test_an_assertion_is_kept_and_made_anew_before_it_ends(here: Village, clock: ManualClock) -> None:
    ada = await here.settle()
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)

    first = await here.node.app_sessions.identify("tea", cookie)
    clock.advance(seconds=39)
    again = await here.node.app_sessions.identify("tea", cookie)
    clock.advance(seconds=2)
    later = await here.node.app_sessions.identify("tea", cookie)

    assert again is first
    assert told(later)["exp"] - told(first)["exp"] == 41


async def test_a_cookie_is_good_at_its_own_origin_only(here: Village) -> None:
    ada = await here.settle()
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)

    assert await here.node.app_sessions.identify("tea", cookie) is not None
    assert [await here.node.app_sessions.identify(app, value) for app, value in (
        ("coffee", cookie), ("tea", "x" + cookie), ("tea", ""), ("tea", None),
    )] == [None] * 4  # fmt: skip


async def test_signing_out_ends_every_mini_apps_session_at_once(here: Village) -> None:
    ada = await here.settle()
    (_, here_), (_, elsewhere) = await here.sign_in(ada), await here.sign_in(ada)
    ended, kept = await here.open_app(here_), await here.open_app(elsewhere)
    for cookie in (ended, kept):
        assert await here.node.app_sessions.identify("tea", cookie) is not None

    await here.node.sessions.end(ada, only=here_.session_id)
    await heard(here)

    assert await here.node.app_sessions.identify("tea", ended) is None
    assert await here.node.app_sessions.identify("tea", kept) is not None


async def test_a_session_ends_with_its_time(here: Village, clock: ManualClock) -> None:
    ada = await here.settle()
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)
    clock.advance(hours=12)

    assert await here.node.app_sessions.identify("tea", cookie) is None


async def test_withdrawn_consent_counts_at_the_next_request(here: Village) -> None:
    ada = await here.settle()
    await here.grant(ada, "identity.name", "payments.order")
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)
    before = told(await here.node.app_sessions.identify("tea", cookie))

    await here.grant(ada, "payments.order")
    await heard(here)

    after = told(await here.node.app_sessions.identify("tea", cookie))
    assert (before["scope"], after["scope"], after["claims"]) == ("identity.name payments.order", "payments.order", {})


async def test_what_changes_while_a_visitor_is_looked_up_is_not_kept(here: Village) -> None:
    ada = await here.settle()
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)

    async with asyncio.TaskGroup() as both:
        looking = both.create_task(here.node.app_sessions.identify("tea", cookie))
        await asyncio.sleep(0)
        here.node.app_sessions.forget(ada)

    assert looking.result() is not None
    assert here.node.app_sessions.kept("tea", cookie) is None
    await here.node.app_sessions.identify("tea", cookie)
    assert here.node.app_sessions.kept("tea", cookie) is not None


async def test_what_is_told_is_written_down_once_per_change(here: Village, clock: ManualClock) -> None:
    ada = await here.settle()
    await here.grant(ada, "identity.name")
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)

    for _ in range(3):
        await here.node.app_sessions.identify("tea", cookie)
        clock.advance(seconds=50)

    assert await accesses(here, ada) == [("tea", "name", "session")]


async def test_who_tells_nothing_personal_writes_nothing(here: Village) -> None:
    ada = await here.settle()
    await here.grant(ada, "payments.order")

    await here.visitor(ada)

    assert await accesses(here, ada) == []


async def test_a_session_moves_on_when_its_release_is_gone(here: Village) -> None:
    ada = await here.settle()
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)
    before = await here.node.app_sessions.identify("tea", cookie)
    assert before is not None

    here.shelf.records = [record(here.shelf.records[0].tree, MANIFEST, version="1.1.0")]
    await here.node.refresh()

    after = await here.node.app_sessions.identify("tea", cookie)
    assert after is not None
    assert (before.release.socket.name, after.release.socket.name) == ("tea-1.0.0.sock", "tea-1.1.0.sock")
