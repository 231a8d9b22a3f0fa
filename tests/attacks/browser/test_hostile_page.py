"""A mini-app's hostile page, in a real browser: nothing it tries succeeds; each try works where nothing stops it."""

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Frame, Page
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from tests.journeys.conftest import CHROMIUM, RESIDENT, sign_in
from tests.journeys.conftest import browser as browser
from tests.town import Town, free_port

from yimen_host.core.clock import SystemClock
from yimen_host.core.embedded import EmbeddedPostgres
from yimen_registry import Registry
from yimen_registry.uploads.receive import Form

WOLF = Path(__file__).parent / "wolf"
PROBES = re.findall(r'^  "([^"]+)":', (WOLF / "yimen_wolf" / "static" / "probes.js").read_text(), re.MULTILINE)
NEED_A_CLICK = {"lead the tab away", "open a window", "go full screen", "show a dialog over the portal"}
# What no page can do in this browser, hostile or not: no device, no signed-in passkey, a rule of the browser's own.
NO_CONTROL = {
    "ask for the place",
    "set a cookie for every host",
    "show a dialog over the portal",
    "read the portal's pages with the visitor's cookies",
}  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


class Stranger:
    """Another site on this machine: it counts what reaches it, and frames the wolf without any policy."""

    def __init__(self) -> None:
        self.port, self.heard = free_port(), []  # type: ignore[var-annotated]  # a list of paths
        self.origin = f"http://stranger.localhost:{self.port}"
        self.server = uvicorn.Server(uvicorn.Config(self._site(), port=self.port, log_level="error", ws="none"))

    def _site(self) -> Starlette:
        async def portal(request: Request) -> Response:
            return HTMLResponse('<title>portal</title><body><iframe id="f" allow="camera" src="/app"></iframe></body>')

        async def app(request: Request) -> Response:
            return HTMLResponse('<body><button id="lure">x</button><script src="/static/probes.js"></script></body>')

        async def anything(request: Request) -> Response:
            self.heard.append(request.url.path)
            kinds = {".js": "text/javascript", ".css": "text/css", ".png": "image/svg+xml"}
            kind = next((kind for end, kind in kinds.items() if request.url.path.endswith(end)), "text/plain")
            body = '<svg xmlns="http://www.w3.org/2000/svg"/>' if "svg" in kind else ""
            return Response(body, media_type=kind)

        return Starlette(
            routes=[
                Route("/portal", portal),
                Route("/app", app),
                Mount("/static", StaticFiles(directory=WOLF / "yimen_wolf" / "static")),
                Route("/{rest:path}", anything, methods=["GET", "POST"]),
            ]
        )

    def __enter__(self) -> "Stranger":
        threading.Thread(target=self.server.run, daemon=True).start()
        while not self.server.started:
            pass
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.should_exit = True


@pytest.fixture(scope="module")
def stranger() -> Iterator[Stranger]:
    with Stranger() as running:
        yield running


@pytest.fixture(scope="module")
def wolf(town: Town, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Bring the hostile mini-app out in the town, as a reviewer who saw nothing would."""
    out = tmp_path_factory.mktemp("wolf")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(WOLF)]
    subprocess.run(command, check=True, capture_output=True)
    # The browser's own event loop turns in this thread.
    thread = threading.Thread(target=lambda: asyncio.run(release(town, next(out.glob("*.whl")))))
    thread.start()
    thread.join()


async def release(town: Town, wheel: Path) -> None:
    address = EmbeddedPostgres(town.var / "postgres").database("yimen", owner="yimen")
    engine = create_async_engine(address.url)
    registry = Registry(engine, town.var / "registry", SystemClock().now)
    publisher = await registry.create_publisher(name="wolves", title="Wolves", owner="wolf")
    token = await registry.issue_token(publisher.id, by="wolf", name="t")
    build = await registry.receive_upload(await registry.recognise(token.secret), Form(file_name=wheel.name), wheel)
    submission = await registry.submit(build.id, by="wolf")
    await registry.start_review(submission.id, by="sheep")
    await registry.approve(submission.id, by="sheep")
    await registry.release("wolf", build.version, stage="live", by="sheep")
    await engine.dispose()


@pytest.fixture(scope="module")
def den(browser: Browser, town: Town, wolf: None) -> Iterator[Page]:
    """The portal with the hostile mini-app open."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    sign_in(page, town, RESIDENT.phone)
    yield page
    context.close()


@pytest.fixture(scope="module")
def meadow(browser: Browser, stranger: Stranger) -> Iterator[Page]:
    """A page that frames the same probes on its own origin with no policy at all."""
    context = browser.new_context(locale="zh-CN", permissions=["geolocation"])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", PROBES)
def test_the_portal_stops_what_a_plain_page_allows(
    den: Page, meadow: Page, town: Town, stranger: Stranger, name: str
) -> None:
    den.goto(f"{town.origin}/apps/wolf")
    inside = attack(den, frame_at(den, town.app("wolf")), name, town, stranger)
    meadow.goto(f"{stranger.origin}/portal")
    control = attack(meadow, frame_at(meadow, f"{stranger.origin}/app"), name, town, stranger)

    assert inside is False
    assert control is (name not in NO_CONTROL)


def attack(page: Page, frame: Frame, name: str, town: Town, stranger: Stranger) -> bool:
    """Run one probe in a frame; tell whether it got what it wanted."""
    stranger.heard.clear()
    windows, here = len(page.context.pages), page.url
    outside = {"portal": town.origin, "sibling": town.app("utilities"), "stranger": stranger.origin}
    page.on("dialog", lambda dialog: dialog.dismiss())
    if name in NEED_A_CLICK:
        frame.evaluate(
            "([name, outside]) => { lure.onclick = () => { window.result = probes[name](outside); }; }", [name, outside]
        )
        frame.locator("#lure").click()
        page.wait_for_timeout(700)
        gone = page.url != here or len(page.context.pages) > windows
        for extra in page.context.pages[windows:]:
            extra.close()
        return gone or (page.url == here and frame.evaluate("() => window.result") is True)
    result = frame.evaluate("([name, outside]) => probes[name](outside)", [name, outside])
    return bool(result) or any(path.startswith(("/leak", "/socket")) for path in stranger.heard)


def frame_at(page: Page, address: str) -> Frame:
    """The frame at an address, once its probes are there."""
    for _ in range(100):
        for frame in page.frames:
            if frame != page.main_frame and frame.url.startswith(address) and "/.yimen/" not in frame.url:
                frame.wait_for_function("() => window.probes")
                return frame
        page.wait_for_timeout(100)
    raise AssertionError([frame.url for frame in page.frames])
