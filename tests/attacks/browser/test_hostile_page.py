"""A mini-app's hostile page, in a real browser: nothing it tries succeeds; each try works where nothing stops it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.attacks.browser.hunt import NEED_A_DOMAIN, NO_CONTROL, PROBES, Ground, frame_at, release_wolf
from tests.attacks.browser.stranger import Stranger
from tests.journeys.conftest import CHROMIUM, RESIDENT, sign_in
from tests.journeys.conftest import browser as browser
from tests.town import Town

TALK = """() => new Promise((resolve) => {
  const heard = [];
  const listen = () => {
    const howls = new EventSource("/howls");
    howls.onmessage = ({ data }) => { heard.push(data); if (heard.length === 4) { howls.close(); resolve(heard); } };
  };
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/live");
  socket.onopen = () => { socket.send("a"); socket.send("b"); };
  socket.onmessage = ({ data }) => { heard.push(data); if (heard.length === 2) { socket.close(); listen(); } };
  socket.onclose = ({ code }) => { if (heard.length < 2) resolve([`closed ${code}`]); };
})"""

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


def test_a_page_talks_with_its_own_mini_app(den: Ground) -> None:
    """The control of what is refused: a WebSocket and a stream of events of its own pass, and know the visitor."""
    den.page.goto(den.shown)
    frame = frame_at(den.page, den.app)

    heard = frame.evaluate(TALK)

    assert heard == ["zh a", "zh b", "zh 0", "zh 1"]
