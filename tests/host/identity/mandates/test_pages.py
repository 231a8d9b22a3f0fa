"""The pages of mandates as the two people meet them."""

import re

import httpx
import pytest
from tests.host.identity.mandates.conftest import Family

FORM = {
    "name": "", "phone": "13800000002", "scope": ["identity.name", "payments.order"],
    "payment_cap": "50", "month_cap": "100", "days": "365",
}  # fmt: skip


def words(page: httpx.Response) -> str:
    """What stands on a page, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text.split("<main")[1]))


async def name_of(family: Family, resident: str) -> str:
    """Their verified name."""
    account = await family.here.node.accounts.account(resident)
    assert account is not None
    return account.display_name


async def test_a_mother_gives_a_mandate_and_ends_it(family: Family) -> None:
    cookie, _ = await family.here.sign_in(family.mother)
    typed = {**FORM, "name": await name_of(family, family.daughter)}

    async with family.here.browser(cookie) as browser:
        form = await browser.get("/me/mandates/new/tea/offer")
        made = await browser.post("/me/mandates/new/tea/offer", data=typed)
        shown = await browser.get(made.headers["location"])
        await browser.post(made.headers["location"] + "/end")
        ended = await browser.get(made.headers["location"])
        listed = await browser.get("/me/mandates")

    assert (form.status_code, made.status_code) == (200, 303)
    assert all(text in words(shown) for text in ("有效", "¥50.00", "¥100.00", "本月还可用", "还没有使用过。"))
    assert ("已撤销" in words(ended), "已撤销" in words(listed)) == (True, True)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": "别人"}, "没有手机号和姓名都相符的实名账户，请核对"),
        ({"phone": "13900000009"}, "没有手机号和姓名都相符的实名账户，请核对"),
        ({"phone": "1"}, "请输入11位手机号码"),
        ({"month_cap": "20"}, "每月限额不能低于单笔限额"),
        ({"payment_cap": "much"}, "请输入金额，例如 50 或 50.00"),
        ({"payment_cap": "0"}, "限额为1元至50000元"),
        ({"days": "9999"}, "请选择有效期"),
        ({"scope": ["bills.mandate", "admin"]}, "请至少选择一项权限"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_made(family: Family, change: dict[str, object], fault: str) -> None:
    cookie, _ = await family.here.sign_in(family.mother)
    typed = {**FORM, "name": await name_of(family, family.daughter), **change}

    async with family.here.browser(cookie) as browser:
        page = await browser.post("/me/mandates/new/tea/offer", data=typed)

    assert (page.status_code, fault in words(page)) == (422, True)
    assert await family.here.node.mandates.of_person(family.mother) == []


async def test_a_request_is_confirmed_by_the_other(family: Family) -> None:
    (hers, _), (the_daughters, _) = await family.here.sign_in(family.mother), await family.here.sign_in(family.daughter)
    typed = {**FORM, "name": await name_of(family, family.mother), "phone": "13800000001"}

    async with family.here.browser(hers) as mother, family.here.browser(the_daughters) as daughter:
        where = (await daughter.post("/me/mandates/new/tea/ask", data=typed)).headers["location"]
        cheated = await daughter.post(f"{where}/confirm")
        acted = await daughter.post(f"{where}/act")
        asked = await mother.get(where)
        await mother.post(f"{where}/confirm")
        opened = await daughter.post(f"{where}/act")
        shell = await daughter.get("/apps/tea")

    assert (cheated.status_code, acted.status_code, opened.headers["location"]) == (404, 409, "/apps/tea")
    assert "申请替您办理" in words(asked)
    assert f"<b>{await name_of(family, family.mother)}</b>" in shell.text


async def test_a_cookie_names_a_mandate_but_gives_nothing(family: Family) -> None:
    mandate = await family.offered()
    stranger = await family.here.settle("13800000003", person=102)
    await family.here.grant(stranger, "payments.order", "bills.mandate")
    cookie, _ = await family.here.sign_in(stranger)

    async with family.here.browser(cookie) as browser:
        browser.cookies.set("acting", mandate)
        shell = await browser.get("/apps/tea")

    assert (shell.status_code, "正在代" in shell.text) == (200, False)
