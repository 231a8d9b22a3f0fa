"""The shell and consent: asked once, refused stays refused, widened asks again, narrowed says nothing."""

import re
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import select
from tests.host.village import MANIFEST, Village, record

from yimen_host.core.outbox import OutboxEvent

PHONE = '[[scopes]]\nname = "identity.phone"\nreason = { zh = "叫号", en = "To call you" }\n'


async def browser_of(here: Village, resident: str) -> httpx.AsyncClient:
    """A browser in which a resident is signed in."""
    cookie, _ = await here.sign_in(resident)
    return here.browser(cookie)


def asked(page: httpx.Response) -> dict[str, bool]:
    """The scopes on a consent page, and whether each is ticked."""
    return {name: bool(ticked) for name, ticked in re.findall(r'name="scope" value="([^"]+)"( checked)?', page.text)}


def where(answer: httpx.Response) -> str:
    """The path that an answer leads to."""
    return urlsplit(answer.headers["location"]).path


async def test_a_mini_app_opens_inside_the_shell_once_everything_is_decided(here: Village) -> None:
    ada = await here.settle()
    async with await browser_of(here, ada) as browser:
        first = await browser.get("/apps/tea?to=/menu")
        consent = await browser.get(first.headers["location"])
        decided = await browser.post(first.headers["location"], data={"scope": ["identity.name", "payments.order"]})
        shell = await browser.get(decided.headers["location"])

    assert first.headers["location"] == "/consent/tea?to=%2Fmenu"
    assert asked(consent) == {"identity.name": False, "payments.order": False, "notices.send": False}
    assert ("用姓名称呼您" in consent.text, "茶叶合作社" in consent.text) == (True, True)
    frame = re.search(r'data-address="(http://tea\.localhost:8080/\.yimen/launch\?ticket=[^"]+)"', shell.text)
    assert frame is not None
    assert "to=%2Fmenu" in frame[1]


async def test_what_was_refused_stays_refused_and_is_not_asked_again(here: Village) -> None:
    ada = await here.settle()
    async with await browser_of(here, ada) as browser:
        await browser.post("/consent/tea", data={"scope": ["payments.order"]})
        opened = await browser.get("/apps/tea")
        later = await browser.get("/consent/tea")

    decision = await here.node.consents.decision(ada, "tea")
    assert (sorted(decision.granted), sorted(decision.refused)) == (
        ["payments.order"],
        ["identity.name", "notices.send"],
    )
    assert (opened.status_code, asked(later)) == (
        200, {"identity.name": False, "payments.order": True, "notices.send": False},
    )  # fmt: skip


async def test_one_button_grants_what_is_needed_and_what_is_sensitive_only_by_its_own_tick(here: Village) -> None:
    number = PHONE.replace("identity.phone", "identity.id_number")
    here.shelf.records = [
        record(here.shelf.records[0].tree, MANIFEST.replace("[[network]]", number + "[[network]]"), version="2.0.0")
    ]
    await here.node.refresh()
    ada, bob = await here.settle(), await here.settle("13800000002", person=101)
    granted = []

    for resident, ticked in ((ada, []), (bob, ["identity.id_number", "notices.send"])):
        async with await browser_of(here, resident) as browser:
            await browser.post("/consent/tea", data={"grant": "necessary", "scope": ticked})
        granted.append(sorted((await here.node.consents.decision(resident, "tea")).granted))

    needed = ["identity.name", "payments.order"]
    assert granted == [needed, sorted([*needed, "identity.id_number", "notices.send"])]


async def test_a_form_cannot_grant_what_the_manifest_does_not_ask_for(here: Village) -> None:
    ada = await here.settle()
    async with await browser_of(here, ada) as browser:
        await browser.post("/consent/tea", data={"scope": ["identity.id_number", "payments.order"]})

    assert (await here.node.consents.decision(ada, "tea")).granted == {"payments.order"}


async def test_a_wider_release_asks_again_and_grants_nothing_by_itself(here: Village) -> None:
    ada = await here.settle()
    await here.grant(ada, "identity.name", "payments.order")
    here.shelf.records = [
        record(here.shelf.records[0].tree, MANIFEST.replace("[[network]]", PHONE + "[[network]]"), version="2.0.0")
    ]
    await here.node.refresh()

    async with await browser_of(here, ada) as browser:
        opened = await browser.get("/apps/tea")
        consent = await browser.get("/consent/tea")

    assert where(opened) == "/consent/tea"
    assert asked(consent) == {
        "identity.name": True, "payments.order": True, "notices.send": False, "identity.phone": False,
    }  # fmt: skip


async def test_a_narrower_release_says_nothing_and_counts_less(here: Village) -> None:
    ada = await here.settle()
    await here.grant(ada, "identity.name", "payments.order", "notices.send")
    narrower = re.sub(r'\[\[scopes\]\]\nname = "identity\.name"\n.*\n', "", MANIFEST)
    here.shelf.records = [record(here.shelf.records[0].tree, narrower, version="2.0.0")]
    await here.node.refresh()

    async with await browser_of(here, ada) as browser:
        opened = await browser.get("/apps/tea")
    caller = await here.node.callers.caller("tea", (await here.visitor(ada)).assertion)

    assert (opened.status_code, sorted(caller.scopes)) == (200, ["notices.send", "payments.order"])


async def test_what_is_taken_back_is_told_to_the_mini_app(here: Village) -> None:
    ada = await here.settle()
    await here.grant(ada, "identity.name", "payments.order")
    async with await browser_of(here, ada) as browser:
        await browser.post("/consent/tea", data={"scope": ["payments.order"]})

    async with here.services.database.transaction() as session:
        events = (await session.execute(select(OutboxEvent))).scalars().all()
    sub = here.services.keyring.pairwise("tea", ada)
    assert [(event.type, event.data) for event in events] == [
        ("yimen.consent.withdrawn", {"resident": sub, "scopes": ["identity.name"]})
    ]


async def test_who_is_not_verified_is_asked_first_and_may_go_on_without(here: Village) -> None:
    ada = await here.settle(person=None)
    async with await browser_of(here, ada) as browser:
        first = await browser.get("/apps/tea?to=/menu")
        onward = await browser.get("/apps/tea?to=/menu&later=1")

    assert first.headers["location"] == "/verify?next=%2Fapps%2Ftea%3Fto%3D%252Fmenu%26later%3D1"
    assert where(onward) == "/consent/tea"


@pytest.mark.parametrize("to", ["https://elsewhere.test/", "//elsewhere.test/"])
async def test_the_shell_leads_nowhere_else(here: Village, to: str) -> None:
    ada = await here.settle()
    async with await browser_of(here, ada) as browser:
        answer = await browser.get("/apps/tea", params={"to": to})

    assert answer.headers["location"] == "/consent/tea?to=%2F"


async def test_the_grants_page_lists_what_each_may(here: Village) -> None:
    ada = await here.settle()
    await here.grant(ada, "identity.name")
    async with await browser_of(here, ada) as browser:
        page = await browser.get("/me/consents")

    assert ("茶馆" in page.text, "姓名" in page.text, "/consent/tea" in page.text) == (True, True, True)


async def test_a_scope_that_was_not_declared_is_told_to_both(here: Village, caplog: pytest.LogCaptureFixture) -> None:
    ada = await here.settle()
    cookie, _ = await here.sign_in(ada)

    async with here.browser(cookie, language="en") as browser:
        pages = [
            (await browser.get(f"/consent/tea?scope={scope}")).text for scope in ("identity.phone", "identity.name")
        ]

    told = "This step needs “Phone number”, which the mini-app did not declare"
    assert [told in page for page in pages] == [True, False]
    assert [record.getMessage() for record in caplog.records if record.name == "yimen.portal"] == [
        "tea 1.0.0 asks for identity.phone, which its manifest does not declare"
    ]
