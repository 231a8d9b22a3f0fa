"""A whole host, started as an operator starts it, and a real browser in front of it."""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.town import Town

from yimen_host.cli.demo import ACCOUNTS, PASSWORD, PIN

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE = {"width": 360, "height": 760}
RESIDENT, PUBLISHER, ADMIN = ACCOUNTS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser the journeys are skipped, and the command says so."""
    for item in items:
        if CHROMIUM is None and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="there is no chromium"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Playwright keeps an event loop running, so it ends with the module."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser, town: Town) -> Iterator[Callable[..., Page]]:
    """Open a fresh browser profile at the portal; whatever a page complains about fails the journey."""
    contexts = []
    complaints: list[str] = []

    def open_page(**options: object) -> Page:
        context = browser.new_context(**{"viewport": PHONE, "locale": "zh-CN", **options})  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said) else None)
        page.goto(town.origin)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == [], town.faults()


def sign_in(page: Page, town: Town, phone: str) -> None:
    """Sign in as an account of the demo."""
    page.goto(f"{town.origin}/sign-in")
    page.get_by_label("手机号").fill(phone)
    page.get_by_label("密码").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="登录").click()
    page.wait_for_url(f"{town.origin}/")


def pay(page: Page, channel: str = "钱包余额", pin: str = PIN, coupon: str = "不使用消费券") -> None:
    """Choose a channel and a coupon, if any is offered, at the cashier and confirm with the payment password."""
    if page.get_by_label(coupon).count():
        page.get_by_label(coupon).check()
    page.get_by_label(channel).check()
    page.get_by_label("支付密码").fill(pin)
    page.get_by_role("button", name=re.compile("确认付款")).click()


def agree(page: Page, *, leaving_out: Sequence[str] = ()) -> None:
    """Tick what a mini-app asks for, but for some, and go on."""
    for box in page.locator('input[name="scope"]').all():
        box.check()
    for label in leaving_out:
        page.get_by_label(label).uncheck()
    page.get_by_role("button", name=re.compile("继续")).click()


def _is_complaint(said: object) -> bool:
    kind, text = said.type, said.text  # type: ignore[attr-defined]  # a ConsoleMessage
    # A refused form is a page with status 422, which the browser notes as a failed load.
    return kind == "error" and "the server responded with a status of 4" not in text
