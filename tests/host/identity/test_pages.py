"""The doors of an account, as a browser meets them."""

import re

import httpx
import pytest
from sqlalchemy import text
from tests.host.village import PASSWORD, PIN, Village

from yimen_host.core.clock import ManualClock
from yimen_host.identity.sandbox import population
from yimen_host.identity.sessions import COOKIE

PERSON, OTHER = population()[:2]


def faults(page: httpx.Response) -> list[str]:
    """What stands beside the fields."""
    return re.findall(r'class="y-fault"[^>]*>([^<]+)<', page.text)


async def code(here: Village) -> str:
    """The newest one-time code in the development inbox."""
    async with here.browser() as browser:
        page = await browser.get("/sandbox/inbox")
    found = re.search(r"验证码 (\d{6})", page.text)
    assert found is not None
    return found[1]


async def test_a_newcomer_goes_from_phone_to_verified_name(here: Village) -> None:
    async with here.browser() as browser:
        sent = await browser.post("/sign-up?next=/apps/tea", data={"phone": "138 0000 0009"})
        asked = await browser.get(sent.headers["location"])
        joined = await browser.post(sent.headers["location"], data={"code": await code(here), "password": PASSWORD})
        verified = await browser.post(
            joined.headers["location"], data={"name": PERSON.name, "id_number": PERSON.number}
        )
        me = await browser.get("/me")

    assert ("138****0009" in asked.text, "13800000009" in asked.text) == (True, False)
    assert joined.headers["location"] == "/verify?next=%2Fapps%2Ftea"
    assert joined.headers["set-cookie"].split("; ", 1)[1] == ("HttpOnly; Max-Age=1209600; Path=/; SameSite=lax; Secure")
    assert (verified.status_code, verified.headers["location"], PERSON.name in me.text) == (303, "/apps/tea", True)


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        (OTHER.name, PERSON.number, "姓名与身份证号不一致，请核对姓名"),
        (PERSON.name, PERSON.number[:-1] + "0", "身份证号校验不通过，请检查是否输错了某一位"),
        ("", PERSON.number, "请输入身份证上的姓名"),
    ],
)
async def test_each_mistake_stands_beside_its_field(here: Village, name: str, number: str, words: str) -> None:
    cookie, _ = await here.sign_in(await here.settle(person=None))

    async with here.browser(cookie) as browser:
        page = await browser.post("/verify", data={"name": name, "id_number": number})

    assert (page.status_code, faults(page)) == (422, [words])


async def test_somebody_elses_number_is_refused_in_plain_words(here: Village) -> None:
    await here.settle(person=0)
    cookie, _ = await here.sign_in(await here.settle("13800000002", person=None))

    async with here.browser(cookie) as browser:
        page = await browser.post("/verify", data={"name": PERSON.name, "id_number": PERSON.number})

    assert faults(page) == ["这个身份证号已经绑定了另一个账号，请用那个账号登录"]


async def test_signing_in_leads_back_and_never_elsewhere(here: Village) -> None:
    await here.settle()
    typed = {"phone": "13800000001", "password": PASSWORD}

    async with here.browser() as browser:
        answers = [
            await browser.post("/sign-in", params={"next": onward}, data=typed)
            for onward in ("/me?x=1", "https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test")
        ]

    assert [answer.headers["location"] for answer in answers] == ["/me?x=1", "/", "/", "/"]


async def test_each_sign_in_is_a_session_of_its_own(here: Village) -> None:
    await here.settle()
    async with here.browser("planted-by-somebody-else") as browser:
        answer = await browser.post("/sign-in", data={"phone": "13800000001", "password": PASSWORD})

    secret = answer.headers["set-cookie"].split(";")[0].removeprefix(f"{COOKIE}=")
    assert secret != "planted-by-somebody-else"
    assert await here.node.sessions.find("planted-by-somebody-else") is None
    assert await here.node.sessions.find(secret) is not None


async def test_a_wrong_password_and_an_unknown_phone_look_the_same(here: Village) -> None:
    await here.settle()
    async with here.browser() as browser:
        wrong = await browser.post("/sign-in", data={"phone": "13800000001", "password": "not mine"})
        unknown = await browser.post("/sign-in", data={"phone": "13800000008", "password": "not mine"})

    assert (wrong.status_code, faults(wrong)) == (unknown.status_code, faults(unknown)) == (
        422, ["手机号或密码不正确"],
    )  # fmt: skip


async def test_signing_out_ends_the_session_not_only_the_cookie(here: Village) -> None:
    cookie, _ = await here.sign_in(await here.settle())

    async with here.browser(cookie) as browser:
        answer = await browser.post("/sign-out")

    assert ("Max-Age=0" in answer.headers["set-cookie"], await here.node.sessions.find(cookie)) == (True, None)


async def test_one_session_or_all_others_can_be_ended(here: Village) -> None:
    ada, bob = await here.settle(), await here.settle("13800000002", person=101)
    (mine, _), (second, two), (third, _), (bobs, his) = [
        await here.sign_in(resident) for resident in (ada, ada, ada, bob)
    ]

    async with here.browser(mine) as browser:
        for one in (two.session_id, his.session_id):  # bob's is not hers to end
            await browser.post("/me/sessions", data={"session": one})
        after_one = [await here.node.sessions.find(cookie) is not None for cookie in (mine, second, third, bobs)]
        await browser.post("/me/sessions", data={})
    after_all = [await here.node.sessions.find(cookie) is not None for cookie in (mine, second, third, bobs)]

    assert (after_one, after_all) == ([True, False, True, True], [True, False, False, True])


async def test_a_session_ends_after_fourteen_days(here: Village, clock: ManualClock) -> None:
    cookie, _ = await here.sign_in(await here.settle())
    clock.advance(days=14)

    assert await here.node.sessions.find(cookie) is None


async def test_a_new_password_ends_every_other_session(here: Village) -> None:
    ada = await here.settle()
    (mine, _), (other, _) = await here.sign_in(ada), await here.sign_in(ada)

    async with here.browser(mine) as browser:
        wrong = await browser.post("/me/password", data={"old": "not mine", "password": "a new one 9"})
        changed = await browser.post("/me/password", data={"old": PASSWORD, "password": "a new one 9"})

    assert (faults(wrong), changed.status_code) == (["原密码不正确"], 303)
    assert [await here.node.sessions.find(cookie) is not None for cookie in (mine, other)] == [True, False]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"pin": "123456", "again": "123456", "password": PASSWORD}, "这个支付密码太简单，请换一个"),
        ({"pin": "12345", "again": "12345", "password": PASSWORD}, "支付密码是6位数字"),
        ({"pin": "204060", "again": "204061", "password": PASSWORD}, "两次输入的支付密码不一致"),
        ({"pin": "204060", "again": "204060", "password": "not mine"}, "登录密码不正确"),
    ],
)
async def test_a_payment_password_needs_thought_and_the_other_one(
    here: Village, typed: dict[str, str], words: str
) -> None:
    ada = await here.settle()
    cookie, _ = await here.sign_in(ada)

    async with here.browser(cookie) as browser:
        page = await browser.post("/me/payment-password", data=typed)

    assert (page.status_code, faults(page)) == (422, [words])
    assert await here.node.accounts.check_password(ada, "payment", PIN)


async def test_residents_see_who_read_their_data(here: Village) -> None:
    ada, bob = await here.settle(), await here.settle("13800000002", person=101)
    await here.grant(ada, "identity.name")
    await here.visitor(ada)
    (hers, _), (his, _) = await here.sign_in(ada), await here.sign_in(bob)

    async with here.browser(hers) as mine, here.browser(his) as theirs:
        own, others = await mine.get("/me/data"), await theirs.get("/me/data")

    assert ("茶馆" in own.text, "茶馆" in others.text) == (True, False)


async def test_no_cookie_and_no_password_lies_readable_in_the_database(here: Village) -> None:
    cookie, viewer = await here.sign_in(await here.settle())
    app_cookie = await here.open_app(viewer)

    async with here.services.database.transaction() as session:
        rows = [
            str(tuple(row))
            for table in ("session", "app_session", "resident_password")
            for row in await session.execute(text(f"SELECT * FROM {table}"))
        ]

    assert len(rows) == 4  # a session, a mini-app's session, two passwords
    assert not any(secret in row for row in rows for secret in (cookie, app_cookie, PASSWORD, PIN))
