"""A whole host, started as an operator starts it, and a real browser in front of it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from yimen_host.cli.demo import ACCOUNTS, PASSWORD, PIN

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
READY_SECONDS = 90
PHONE = {"width": 360, "height": 760}
RESIDENT, PUBLISHER, ADMIN = ACCOUNTS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys share one host, so one worker runs them; without a browser they are skipped and said so."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("journeys"))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no chromium"))


@dataclass(frozen=True)
class Town:
    """A running demo host."""

    origin: str
    port: int
    biller: str
    var: Path

    def app(self, app_id: str) -> str:
        """The origin of a mini-app."""
        return f"http://{app_id}.localhost:{self.port}"

    def faults(self) -> str:
        """What the host logged as its own fault."""
        log = (self.var / "log" / "host.log").read_text()
        return "\n".join(part[:3000] for part in log.split("\n20") if " ERROR " in part[:60])


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Start everything with one command, on free ports, and stop it as Ctrl-C does."""
    var = tmp_path_factory.mktemp("town")
    port, biller = free_port(), free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")},
        "YIMEN_DEMO": "1", "YIMEN_VAR": str(var), "YIMEN_PORT": str(port), "YIMEN_BILLER_PORT": str(biller),
    }  # fmt: skip
    command = [sys.executable, "-m", "yimen_host.cli", "run"]
    output = var / "run.out"
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while "Ctrl-C stops everything" not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        yield Town(f"http://localhost:{port}", port, f"http://127.0.0.1:{biller}", var)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
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


def pay(page: Page, channel: str = "钱包余额", pin: str = PIN) -> None:
    """Choose a channel at the cashier and confirm with the payment password."""
    page.get_by_label(channel).check()
    page.get_by_label("支付密码").fill(pin)
    page.get_by_role("button", name=re.compile("确认付款")).click()


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_complaint(said: object) -> bool:
    kind, text = said.type, said.text  # type: ignore[attr-defined]  # a ConsoleMessage
    # A refused form is a page with status 422, which the browser notes as a failed load.
    return kind == "error" and "the server responded with a status of 4" not in text
