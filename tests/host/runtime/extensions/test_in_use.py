"""A host that is no demo: residents meet what the operator's extensions offer, and nothing pretended."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.host.runtime.extensions.made import SENDER, installed
from tests.host.village import Village, village

from yimen_host.core.services import Services
from yimen_host.identity import store
from yimen_host.runtime.extensions.loading import State

OFFERS = (
    SENDER.replace("async def send(self, phone, text): ...", "async def send(self, phone, text): SENT.append(phone)")
    + """
SENT = []

class Register:
    name, sandbox = "省人口库", False
    async def check(self, claim):
        from yimen_host.identity.realname import Answer
        return Answer.MATCH

@hookimpl
def yimen_realname_authorities(context):
    return [Register()]
"""
)


@pytest.fixture
async def host(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Village]:
    """A host with two extensions, one of them broken."""
    monkeypatch.syspath_prepend(tmp_path)
    installed(tmp_path, "province", OFFERS)
    installed(tmp_path, "broken", "1 / 0")
    async with village(services, tmp_path, demo=False, extensions=("province", "broken")) as place:
        yield place


async def test_a_newcomer_gets_a_message_by_the_operators_sender(host: Village) -> None:
    import ext_province  # type: ignore[import-not-found]  # made by this test

    async with host.browser() as browser:
        page = await browser.post("/sign-up", data={"phone": "13911112222"})

    assert page.status_code == 303
    assert ext_province.SENT == ["13911112222"]


async def test_a_name_is_verified_by_the_operators_register(host: Village) -> None:
    resident = await host.settle(person=3)

    account = await host.node.accounts.account(resident)

    assert account is not None
    assert (host.node.accounts.authority.name, account.assurance) == ("省人口库", 1)


async def test_nothing_pretended_is_offered(host: Village) -> None:
    async with host.browser() as browser:
        inbox = await browser.get("/sandbox/inbox")

    assert list(host.node.payments.channels) == ["wallet"]
    assert inbox.status_code == 404


async def test_without_a_sender_a_newcomer_is_told_so(services: Services, tmp_path: Path) -> None:
    async with village(services, tmp_path, demo=False) as place, place.browser() as browser:
        page = await browser.post("/sign-up", data={"phone": "13911112222"})

    assert page.status_code == 503
    assert "本站尚未开通短信" in page.text


async def test_the_console_shows_what_is_left_out_and_why(host: Village) -> None:
    admin = await host.settle()
    async with host.services.database.transaction() as session:
        await store.add_role(session, admin, "admin")
    cookie, _ = await host.sign_in(admin)

    async with host.browser(cookie) as browser:
        page = await browser.get("/console/extensions")

    assert [record.state for record in host.node.extensions.records] == [State.LOADED, State.QUARANTINED]
    assert "实名核验 省人口库" in page.text
    assert "ext_broken does not import: ZeroDivisionError: division by zero" in page.text
