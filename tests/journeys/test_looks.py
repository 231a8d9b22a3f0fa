"""What every page owes everybody: a whole English, no sideways scrolling on a small phone, also in elder mode."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.journeys.conftest import ADMIN, PUBLISHER, RESIDENT, sign_in
from tests.town import Town

from yimen_host.identity.sandbox import population

ANYBODY = ("/", "/sign-in", "/sign-up", "/sandbox", "/sandbox/people", "/sandbox/inbox", "/nowhere")
OWN = (
    "/", "/payments", "/notices", "/wallet", "/me", "/me/sessions", "/me/password", "/me/payment-password",
    "/me/consents", "/me/data", "/consent/utilities", "/developer",
)  # fmt: skip
DUTY = (
    "/console", "/console/apps/utilities", "/console/log", "/console/merchants", "/console/merchants/utilities",
    "/console/reconciliation", "/console/refunds", "/console/health",
)  # fmt: skip
APP = "/developer/apps/utilities"
PUBLISHED = (APP, f"{APP}/orders", f"{APP}/merchant", f"{APP}/merchants/farm-1", f"{APP}/webhooks", f"{APP}/events")
MADE = "|".join(
    {person.name for person in population()}
    | {"【一门】验证码.*", "贵州省.*", "贵州电网（演示）", "贵州电网有限责任公司（演示）", "沙箱银行 ····", "电费 .*"}
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_english_pages_are_english(visit: Callable[..., Page], town: Town) -> None:
    page = visit(locale="en-US")
    chinese = {path: left_over(page, town, path) for path in ANYBODY}
    sign_in_in_english(page, town, RESIDENT.phone)
    chinese |= {path: left_over(page, town, path) for path in OWN}
    sign_in_in_english(page, town, ADMIN.phone)
    chinese |= {path: left_over(page, town, path) for path in DUTY}
    sign_in_in_english(page, town, PUBLISHER.phone)
    chinese |= {path: left_over(page, town, path) for path in PUBLISHED}

    assert {path: text for path, text in chinese.items() if text} == {}


@pytest.mark.parametrize("look", ["standard", "elder"])
def test_no_page_scrolls_sideways_on_a_small_phone(visit: Callable[..., Page], town: Town, look: str) -> None:
    wide = {}
    for who, paths in ((ADMIN, (*OWN, *DUTY, "/sandbox/people")), (PUBLISHER, PUBLISHED)):
        page = visit()
        sign_in(page, town, who.phone)
        if look == "elder":
            page.get_by_role("button", name="长者版").click()
            expect(page.locator("body")).to_have_attribute("data-ui", "elder")
        for path in paths:
            page.goto(town.origin + path)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 360:
                wide[path] = width

    assert wide == {}


def test_the_keyboard_alone_signs_in(visit: Callable[..., Page], town: Town) -> None:
    page = visit()
    page.goto(f"{town.origin}/sign-in")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.get_by_label("手机号").focus()
    page.keyboard.type(PUBLISHER.phone)
    page.keyboard.press("Tab")
    page.keyboard.type("yimen-demo")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=re.compile("您好"))).to_be_visible()


def sign_in_in_english(page: Page, town: Town, phone: str) -> None:
    """Sign in on the English page, as whoever."""
    page.context.clear_cookies()
    page.goto(f"{town.origin}/sign-in")
    page.get_by_label("Mobile number").fill(phone)
    page.get_by_label("Password").fill("yimen-demo")
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{town.origin}/")


def left_over(page: Page, town: Town, path: str) -> list[str]:
    """The lines that hold Chinese although the page is English, but for names and what others wrote."""
    page.goto(town.origin + path)
    lines = page.locator("body").inner_text().splitlines()
    return [line for line in lines if CHINESE.search(re.sub(f"{MADE}|中文", "", line))]
