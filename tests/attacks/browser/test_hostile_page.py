"""A mini-app's hostile page, in a real browser: nothing it tries succeeds; each try works where nothing stops it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.attacks.browser.hunt import NEED_A_DOMAIN, NO_CONTROL, PROBES, Ground, release_wolf
from tests.attacks.browser.stranger import Stranger
from tests.journeys.conftest import CHROMIUM, RESIDENT, sign_in
from tests.journeys.conftest import browser as browser
from tests.town import Town

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


@pytest.fixture(scope="module")
def stranger() -> Iterator[Stranger]:
    with Stranger() as running:
        yield running


@pytest.fixture(scope="module")
def den(browser: Browser, town: Town, stranger: Stranger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The portal with the hostile mini-app open."""
    release_wolf(town, tmp_path_factory.mktemp("wolf"))
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.dismiss())
    sign_in(page, town, RESIDENT.phone)
    yield Ground(
        page, town.origin, f"{town.origin}/apps/wolf", town.app("wolf"), town.app("utilities"),
        stranger, f"http://stranger.localhost:{stranger.port}", town,
    )  # fmt: skip
    context.close()


@pytest.fixture(scope="module")
def meadow(browser: Browser, stranger: Stranger) -> Iterator[Ground]:
    """A page that frames the same probes on its own origin with no policy at all."""
    context = browser.new_context(locale="zh-CN", permissions=["geolocation"])
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.dismiss())
    origin = f"http://stranger.localhost:{stranger.port}"
    yield Ground(page, origin, f"{origin}/portal", f"{origin}/app", origin, stranger, origin, None)
    context.close()


@pytest.mark.parametrize("name", PROBES)
def test_the_portal_stops_what_a_plain_page_allows(den: Ground, meadow: Ground, name: str) -> None:
    inside = den.attack(name)
    control = meadow.attack(name)

    assert inside is False
    assert control is (name not in NO_CONTROL | NEED_A_DOMAIN)
