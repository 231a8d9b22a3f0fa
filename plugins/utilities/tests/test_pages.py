"""The pages, as residents see them, on a real database."""

import re
from dataclasses import replace

import httpx
import pytest

from yimen_sdk import Actor, Resident, Unknown, yuan
from yimen_sdk.testing import FakeHost, visit
from yimen_utilities import app
from yimen_utilities.biller import BASE
from yimen_utilities.store import Linked, Store

NUMBER = "0520100001"
HOME = Linked(NUMBER, "self", "王*", "贵阳市中华南路***号3栋")
PAY = f"/accounts/{NUMBER}/bills/2026-09/pay"
pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture
def ada(host: FakeHost) -> Resident:
    return host.residents["ada"]


@pytest.fixture
def bob(host: FakeHost) -> Resident:
    return host.residents["bob"]


def words(page: httpx.Response) -> str:
    """What stands on a page, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text.split("<main")[1]))


async def test_an_account_is_linked_by_its_number(ada: Resident, host: FakeHost, installed: Store) -> None:
    async with visit(app, resident=ada, host=host) as visitor:
        answer = await visitor.post("/accounts", data={"number": " 0520 100 001 ", "relation": "parent"})
        home = await visitor.get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/accounts/{NUMBER}")
    assert await installed.accounts("ada") == [replace(HOME, relation="parent")]
    assert f"父母家 · 王* {NUMBER} · 贵阳市中华南路***号3栋" in words(home)


async def test_full_width_digits_are_digits_too(ada: Resident, host: FakeHost, installed: Store) -> None:
    async with visit(app, resident=ada, host=host) as visitor:
        await visitor.post("/accounts", data={"number": "０５２０１００００１", "relation": "self"})

    assert await installed.accounts("ada") == [HOME]


@pytest.mark.parametrize(
    ("number", "relation", "words_", "kept"),
    [
        ("123", "self", "户号是10位数字，印在电费单左上角", "123"),
        ("<b>", "self", "户号是10位数字，印在电费单左上角", "&lt;b&gt;"),
        ("0520100009", "self", "供电公司没有这个户号，请核对", "0520100009"),
        ("0520100002", "self", "供电公司暂时没有回应，请稍后再试", "0520100002"),
    ],
)
async def test_what_is_wrong_stands_beside_the_field(
    ada: Resident, host: FakeHost, installed: Store, number: str, relation: str, words_: str, kept: str
) -> None:
    async with visit(app, resident=ada, host=host) as visitor:
        page = await visitor.post("/accounts", data={"number": number, "relation": relation})

    assert (page.status_code, words_ in words(page), f'value="{kept}"' in page.text) == (422, True, True)
    assert await installed.accounts("ada") == []


async def test_a_wrong_relation_is_said(ada: Resident, host: FakeHost) -> None:
    async with visit(app, resident=ada, host=host) as visitor:
        page = await visitor.post("/accounts", data={"number": NUMBER, "relation": "friend"})

    assert (page.status_code, "请选择是谁家的电表" in words(page)) == (422, True)


async def test_what_was_typed_and_chosen_is_kept(ada: Resident, host: FakeHost) -> None:
    async with visit(app, resident=ada, host=host) as visitor:
        page = await visitor.post("/accounts", data={"number": "123", "relation": "parent"})

    assert re.findall(r'value="(\w+)" checked', page.text) == ["parent"]


async def test_the_page_shows_how_the_amount_came_about(ada: Resident, host: FakeHost, installed: Store) -> None:
    await installed.link("ada", HOME)

    async with visit(app, resident=ada, host=host) as visitor:
        page = await visitor.get(f"/accounts/{NUMBER}")

    text = words(page)
    assert "2026-09 请在2026-09-25前缴纳 ¥116.40 用电 250 kWh" in text
    assert "第1档 200 0.4556 91.1200 第2档 50 0.5056 25.2800 合计，四舍五入到分 116.40" in text
    assert "本年此前已用 2000 kWh · 贵州省居民生活用电, 2012-07-01 · 电价为示例数据，未经核实" in text
    assert text.count("与供电公司的金额不一致，以供电公司为准。") == 1
    assert (len(re.findall("<rect", page.text)), "10月" in text, "去缴费 ¥22.00" in text) == (10, True, True)


async def test_a_silent_company_leaves_the_page_usable(ada: Resident, host: FakeHost, installed: Store) -> None:
    await installed.link("ada", HOME)
    host.answers[f"GET {BASE}/accounts/{NUMBER}/bills"] = Unknown("no answer")

    async with visit(app, resident=ada, host=host) as visitor:
        page = await visitor.get(f"/accounts/{NUMBER}")

    assert (page.status_code, "供电公司暂时没有回应，账单稍后再查。" in words(page)) == (200, True)


@pytest.mark.parametrize("path", [f"/accounts/{NUMBER}", "/payments/bill_ada"])
async def test_what_is_anothers_is_not_found(
    ada: Resident, bob: Resident, host: FakeHost, installed: Store, path: str
) -> None:
    await installed.link("ada", HOME)
    async with visit(app, resident=ada, host=host) as visitor:
        await visitor.post(PAY)
        (order,) = host.orders.values()
        mine = await visitor.get(path.replace("bill_ada", str(order.reference)))

    async with visit(app, resident=bob, host=host) as visitor:
        theirs = await visitor.get(path.replace("bill_ada", str(order.reference)))
        pay = await visitor.post(PAY)

    assert (mine.status_code, theirs.status_code, pay.status_code) == (200, 404, 404)
    assert "王*" not in theirs.text


async def test_paying_leads_to_the_cashier_and_again_to_the_same_order(
    ada: Resident, host: FakeHost, installed: Store
) -> None:
    await installed.link("ada", HOME)

    async with visit(app, resident=ada, host=host) as visitor:
        first, again = await visitor.post(PAY), await visitor.post(PAY)
    async with visit(app, resident=replace(ada, locale="en"), host=host) as visitor:
        in_english = await visitor.post(PAY)

    (order,) = host.orders.values()
    assert (order.title, order.amount.fen) == (f"电费 2026-09 户号{NUMBER}", 11640)
    assert [answer.headers["location"] for answer in (first, again, in_english)] == [order.cashier_url] * 3


async def test_without_the_scope_paying_asks_for_it_first(ada: Resident, host: FakeHost, installed: Store) -> None:
    await installed.link("ada", HOME)

    async with visit(app, resident=replace(ada, scopes=frozenset()), host=host) as visitor:
        answer = await visitor.post(PAY)

    assert answer.headers["location"] == "http://portal.test/consent/utilities?scope=payments.order&to=%2F"
    assert await installed.payments("ada", NUMBER) == []


@pytest.mark.parametrize(("period", "status"), [("2026-08", 303), ("1999-01", 404)])
async def test_a_bill_that_is_not_open_opens_no_order(
    ada: Resident, host: FakeHost, installed: Store, period: str, status: int
) -> None:
    await installed.link("ada", HOME)

    async with visit(app, resident=ada, host=host) as visitor:
        answer = await visitor.post(f"/accounts/{NUMBER}/bills/{period}/pay")

    assert (answer.status_code, host.orders) == (status, {})


async def test_two_residents_cannot_pay_one_bill_twice(
    ada: Resident, bob: Resident, host: FakeHost, installed: Store
) -> None:
    for resident in ("ada", "bob"):
        await installed.link(resident, HOME)
    async with visit(app, resident=ada, host=host) as visitor:
        await visitor.post(PAY)

    async with visit(app, resident=bob, host=host) as visitor:
        answer = await visitor.post(PAY)
        page = await visitor.get(answer.headers["location"])

    assert answer.headers["location"] == f"/accounts/{NUMBER}?busy=2026-09"
    assert "家里有人正在缴这笔费，请稍后再看。" in words(page)
    assert len(host.orders) == 1


async def test_when_the_first_gives_up_the_second_may_pay(
    ada: Resident, bob: Resident, host: FakeHost, installed: Store
) -> None:
    for resident in ("ada", "bob"):
        await installed.link(resident, HOME)
    async with visit(app, resident=ada, host=host) as visitor:
        await visitor.post(PAY)
        ended = await visitor.deliver(host.expire("ord_1"))

    async with visit(app, resident=bob, host=host) as visitor:
        answer = await visitor.post(PAY)

    assert (ended.status_code, answer.headers["location"]) == (204, "http://portal.test/cashier/ord_2")


@pytest.mark.parametrize(("outcome", "heading"), [("confirmed", "缴费成功"), ("rejected", "未能入账，钱已退回")])
async def test_the_result_page_tells_the_truth(
    ada: Resident, host: FakeHost, installed: Store, outcome: str, heading: str
) -> None:
    await installed.link("ada", HOME)
    host.answer("POST", f"{BASE}/payments", {"outcome": outcome, "reason": ""})
    async with visit(app, resident=ada, host=host) as visitor:
        await visitor.post(PAY)
        (order,) = host.orders.values()
        before = await visitor.get(f"/payments/{order.reference}")
        event = host.settle(order.id)
        waiting = await visitor.get(f"/payments/{order.reference}")
        delivered = await visitor.deliver(event)
        after = await visitor.get(f"/payments/{order.reference}")

    headings = [re.findall("<h1[^>]*>(.*?)</h1>", page.text) for page in (before, waiting, after)]
    assert headings == [["还没有付款"], ["已付款"], [heading]]
    assert ('http-equiv="refresh"' in waiting.text, 'http-equiv="refresh"' in after.text) == (True, False)
    assert delivered.status_code == 204


async def test_a_silent_company_is_shown_as_uncertain_and_asked_again(
    ada: Resident, host: FakeHost, installed: Store
) -> None:
    await installed.link("ada", HOME)
    async with visit(app, resident=ada, host=host) as visitor:
        await visitor.post(PAY)
        (order,) = host.orders.values()
        delivered = await visitor.deliver(host.settle(order.id))
        page = await visitor.get(f"/payments/{order.reference}")

    assert (delivered.is_success, "已付款，正在确认" in words(page)) == (False, True)


async def test_an_event_of_another_order_is_not_ours(ada: Resident, host: FakeHost) -> None:
    async with visit(app, resident=ada, host=host) as visitor:
        order = await host.payments.open_order("别的", yuan("1.00"))
        settled = await visitor.deliver(host.settle(order.id))
        other = await host.payments.open_order("别的", yuan("1.00"))
        gone = await visitor.deliver(host.expire(other.id))

    assert (settled.status_code, gone.status_code, host.calls) == (204, 204, [])


async def test_an_unlinked_account_is_forgotten_and_its_payments_stay(
    ada: Resident, host: FakeHost, installed: Store
) -> None:
    await installed.link("ada", HOME)
    async with visit(app, resident=ada, host=host) as visitor:
        await visitor.post(PAY)
        answer = await visitor.post(f"/accounts/{NUMBER}/unlink")

    assert answer.headers["location"] == "/"
    assert (await installed.accounts("ada"), len(await installed.payments("ada", NUMBER))) == ([], 1)


async def test_an_english_resident_reads_no_chinese_words_of_ours(
    ada: Resident, host: FakeHost, installed: Store
) -> None:
    latin = replace(HOME, holder="W*", address="Zhonghua Road")
    await installed.link("ada", latin)
    async with visit(app, resident=replace(ada, locale="en"), host=host) as visitor:
        await visitor.post(PAY)
        (order,) = host.orders.values()
        paths = ["/", f"/accounts/{NUMBER}?busy=2026-09", f"/payments/{order.reference}"]
        pages = [await visitor.get(path) for path in paths]
        pages.append(await visitor.post("/accounts", data={"number": "1"}))

    assert [re.findall("[\u4e00-\u9fff]+", page.text) for page in pages] == [[], [], [], []]


async def test_who_acts_for_ada_pays_ada_s_bill(ada: Resident, host: FakeHost, installed: Store) -> None:
    await installed.link("ada", HOME)
    acting = replace(ada, acting=Actor("carl"))
    host.welcome(acting)

    async with visit(app, resident=acting, host=host) as visitor:
        page = await visitor.get(f"/accounts/{NUMBER}")
        answer = await visitor.post(PAY)

    (order,) = host.orders.values()
    payment = await installed.payment(order.reference or "")
    assert "您正在代家人办理" in page.text
    assert (answer.headers["location"], payment and (payment.resident, payment.payer)) == (
        order.cashier_url, ("ada", "carl"),
    )  # fmt: skip


async def test_a_payment_that_a_delegate_began_is_not_handed_to_another(
    ada: Resident, host: FakeHost, installed: Store
) -> None:
    await installed.link("ada", HOME)
    async with visit(app, resident=replace(ada, acting=Actor("carl")), host=host) as visitor:
        await visitor.post(PAY)

    async with visit(app, resident=ada, host=host) as visitor:
        answer = await visitor.post(PAY)

    assert answer.headers["location"] == f"/accounts/{NUMBER}?busy=2026-09"
