"""The hostile page in both layouts of domains, behind TLS: what is open is exactly what the page of isolation says."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.attacks.browser import layouts
from tests.attacks.browser.front import front
from tests.attacks.browser.hunt import NEED_A_DOMAIN, PROBES, Ground, release_wolf
from tests.attacks.browser.stranger import Stranger
from tests.journeys.conftest import CHROMIUM, FLAGS, RESIDENT, sign_in
from tests.town import founded

from yimen_host.domains import Layout

ELSEWHERE = "https://stranger.elsewhere.test"
DOMAINS = {
    Layout.SEPARATE: {"YIMEN_PORTAL_URL": "https://portal.test", "YIMEN_APPS_DOMAIN": "apps-yimen.test"},
    Layout.SHARED: {
        "YIMEN_PORTAL_URL": "https://portal.yimen.test",
        "YIMEN_APPS_DOMAIN": "apps.yimen.test",
        "YIMEN_ACCEPT_SHARED_DOMAIN": "1",
    },
}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the host keeps from one layout to the next."""
    return tmp_path_factory.mktemp("layouts")


@pytest.fixture(scope="module")
def stranger() -> Iterator[Stranger]:
    with Stranger() as running:
        yield running


@contextlib.contextmanager
def browsing(port: int, stranger: Stranger, home: Path) -> Iterator[Browser]:
    """A browser that finds the host, and the stranger, behind TLS at their names."""
    with front(port, home) as portal, front(stranger.port, home) as elsewhere, sync_playwright() as playwright:
        rules = f"MAP *.elsewhere.test 127.0.0.1:{elsewhere}, MAP *.test 127.0.0.1:{portal}"
        flags = [*FLAGS, "--ignore-certificate-errors", f"--host-resolver-rules={rules}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.mark.parametrize("layout", DOMAINS)
def test_what_a_hostile_page_can_do_is_what_is_written(
    layout: Layout, var: Path, stranger: Stranger, tmp_path: Path
) -> None:
    with founded(var, **DOMAINS[layout]) as town, browsing(town.port, stranger, tmp_path) as browser:
        if not (var / "wolf").exists():
            release_wolf(town, var / "wolf")
        page = browser.new_context(locale="zh-CN").new_page()
        page.on("dialog", lambda dialog: dialog.dismiss())
        sign_in(page, town, RESIDENT.phone)
        domain = DOMAINS[layout]["YIMEN_APPS_DOMAIN"]
        den = Ground(
            page, town.origin, f"{town.origin}/apps/wolf", f"https://wolf.{domain}", f"https://utilities.{domain}",
            stranger, ELSEWHERE, town,
        )  # fmt: skip

        succeeded = {name for name in PROBES if den.attack(name)}

    assert succeeded == layouts.OPEN[layout]


def test_the_tries_that_need_a_domain_work_where_nothing_stops_them(stranger: Stranger, tmp_path: Path) -> None:
    with browsing(stranger.port, stranger, tmp_path) as browser:
        page = browser.new_page()
        meadow = Ground(
            page, ELSEWHERE, f"{ELSEWHERE}/portal", f"{ELSEWHERE}/app", ELSEWHERE, stranger, ELSEWHERE, None
        )

        succeeded = {name for name in NEED_A_DOMAIN if meadow.attack(name)}

    assert succeeded == NEED_A_DOMAIN


def test_the_page_shows_what_is_open() -> None:
    page = layouts.PAGE.read_text()

    assert page == layouts.renewed(page)
