"""How a probe of the hostile page is run, and how it is known whether it got what it wanted. Knows no layout."""

import asyncio
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Frame, Page
from sqlalchemy.ext.asyncio import create_async_engine
from tests.attacks.browser.stranger import WOLF, Stranger
from tests.journeys.conftest import RESIDENT, sign_in
from tests.town import Town

from yimen_host.core.clock import SystemClock
from yimen_host.core.embedded import EmbeddedPostgres
from yimen_registry import Registry
from yimen_registry.uploads.receive import Form

PROBES = re.findall(r'^  "([^"]+)":', (WOLF / "yimen_wolf" / "static" / "probes.js").read_text(), re.MULTILINE)
NEED_A_CLICK = {"lead the tab away", "open a window", "go full screen", "show a dialog over the portal"}
SIGN_OUTS = {
    "push the visitor's session out", "sign the visitor out by a form", "sign the visitor out by a request",
    "sign the visitor out by a header",
}  # fmt: skip
FREEZE = "freeze the portal"
_SETTLE = {FREEZE: 200, "sign the visitor out by a form": 500}
"""Milliseconds until what a probe began is under way."""
LANGUAGE = "change the portal's language by a cookie"
# Below ``localhost`` browsers keep every name apart: no cookie is for two. Their control has a domain of its own.
NEED_A_DOMAIN = {LANGUAGE, "push the visitor's session out", "toss a cookie to a sibling"}
# What no page can do in this browser, hostile or not: no device, a rule of the browser's own.
NO_CONTROL = {
    "ask for the place",
    "show a dialog over the portal",
}


@dataclass(frozen=True)
class Ground:
    """A page that frames the probes, and what they aim at."""

    page: Page
    portal: str
    """The framing site's origin."""
    shown: str
    """The address that shows the frame."""
    app: str
    """The frame's address."""
    sibling: str
    stranger: Stranger
    elsewhere: str
    """The stranger's origin."""
    town: Town | None
    """The host that a visitor is signed in to; None for a careless portal, which signs in whoever comes."""

    def attack(self, name: str) -> bool:
        """Run one probe in the frame; tell whether it got what it wanted."""
        self.page.goto(self.shown)
        self.stranger.heard.clear()
        frame = frame_at(self.page, self.app)
        succeeded = self._click(frame, name) if name in NEED_A_CLICK else self._run(frame, name)
        if name in SIGN_OUTS:
            succeeded = not self._is_signed_in()
        elif name == LANGUAGE:
            self.page.goto(self.portal)
            succeeded = self.page.locator("html").get_attribute("lang") == "en"
        if name in SIGN_OUTS or name == LANGUAGE:
            self._begin_anew()
        return succeeded

    def _run(self, frame: Frame, name: str) -> bool:
        outside = {"portal": self.portal, "sibling": self.sibling, "stranger": self.elsewhere}
        result = frame.evaluate("([name, outside]) => probes[name](outside)", [name, outside])
        self.page.wait_for_timeout(_SETTLE.get(name, 0))
        if name == FREEZE:
            asked = self.page.evaluate("() => Date.now()")
            return bool(asked >= frame.evaluate("() => window.busyUntil"))
        return bool(result) or any(path.startswith(("/leak", "/socket")) for path in self.stranger.heard)

    def _click(self, frame: Frame, name: str) -> bool:
        windows, here = len(self.page.context.pages), self.page.url
        outside = {"portal": self.portal, "sibling": self.sibling, "stranger": self.elsewhere}
        frame.evaluate(
            "([name, outside]) => { lure.onclick = () => { window.result = probes[name](outside); }; }", [name, outside]
        )
        frame.locator("#lure").click()
        self.page.wait_for_timeout(700)
        gone = self.page.url != here or len(self.page.context.pages) > windows
        for extra in self.page.context.pages[windows:]:
            extra.close()
        return gone or (self.page.url == here and frame.evaluate("() => window.result") is True)

    def _is_signed_in(self) -> bool:
        self.page.goto(f"{self.portal}/me")
        return self.page.url == f"{self.portal}/me"

    def _begin_anew(self) -> None:
        self.page.context.clear_cookies()
        if self.town is not None:
            sign_in(self.page, self.town, RESIDENT.phone)


def frame_at(page: Page, address: str) -> Frame:
    """The frame at an address, once its probes are there."""
    for _ in range(100):
        for frame in page.frames:
            if frame != page.main_frame and frame.url.startswith(address) and "/.yimen/" not in frame.url:
                frame.wait_for_function("() => window.probes")
                return frame
        page.wait_for_timeout(100)
    raise AssertionError([frame.url for frame in page.frames])


def release_wolf(town: Town, out: Path) -> None:
    """Bring the hostile mini-app out in the town, as a reviewer who saw nothing would."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(WOLF)]
    subprocess.run(command, check=True, capture_output=True)
    # The browser's own event loop turns in this thread.
    thread = threading.Thread(target=lambda: asyncio.run(_release(town, next(out.glob("*.whl")))))
    thread.start()
    thread.join()


async def _release(town: Town, wheel: Path) -> None:
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
