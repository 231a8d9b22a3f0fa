"""A publisher brings out a new version: from `yimen new` to the resident's next page, with no failed request."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect
from tests.journeys.conftest import ADMIN, PUBLISHER, RESIDENT, agree, sign_in
from tests.town import Town

BIN = Path(sys.executable).parent
HEARD_SECONDS = 30.0
"""Every process hears of a release within a second or so of its commit; on a busy machine a little later."""


def test_a_publisher_releases_and_the_next_page_is_new(visit: Callable[..., Page], town: Town, tmp_path: Path) -> None:
    project = new_project(tmp_path)
    developer, admin, resident = visit(), visit(), visit()
    sign_in(developer, town, PUBLISHER.phone)
    sign_in(admin, town, ADMIN.phone)
    sign_in(resident, town, RESIDENT.phone)
    token = make_token(developer, town)
    bring_out(project, "1.0.0", token, developer, admin, town)
    open_app(resident, town)
    expect(resident.frame_locator("iframe").locator("body")).to_contain_text("第一版")

    with Load(town) as load:
        edit(project, "第一版", "第二版")
        set_version(project, "1.1.0")
        changes = bring_out(project, "1.1.0", token, developer, admin, town)
        load_until(resident, town, "第二版")

    assert "清单没有变化" in changes
    assert load.failed == []
    assert load.answered > 20


def new_project(directory: Path) -> Path:
    """Scaffold a mini-app with the command, as its author would."""
    run("yimen", "new", "green-tea", cwd=directory)
    project = directory / "green-tea"
    edit(project, None, "第一版")
    set_version(project, "1.0.0")
    assert "can be submitted" in run("yimen", "check", "--language", "en", cwd=project)
    return project


def bring_out(project: Path, version: str, token: str, developer: Page, admin: Page, town: Town) -> str:
    """Build, upload with twine, submit, review and release; tell what the reviewer saw of the manifest."""
    run("yimen", "build", cwd=project)
    wheel = next((project / "dist").glob(f"*-{version}-*.whl"))
    upload = ["upload", "--repository-url", f"{town.origin}/legacy/", "-u", "__token__", "-p", token, str(wheel)]
    run("twine", *upload, cwd=project)
    developer.goto(f"{town.origin}/developer/apps/green-tea")
    developer.locator("tr", has_text=version).get_by_role("button", name="提交审核").click()
    expect(developer.locator("h1")).to_contain_text(version)

    admin.goto(f"{town.origin}/console")
    admin.get_by_role("link", name=re.compile(f"green-tea {re.escape(version)}")).click()
    expect(admin.get_by_role("heading", name="自动检查")).to_be_visible()
    seen = admin.locator("main").inner_text()
    admin.get_by_role("button", name="开始审核").click()
    admin.get_by_role("button", name="通过", exact=True).click()
    admin.get_by_role("link", name="去发布").click()
    admin.locator("form", has=admin.locator(f"input[value='{version}']")).get_by_role("button", name="全量发布").click()
    expect(admin.locator(".y-head", has_text=version).first).to_contain_text("线上")
    return seen


def make_token(page: Page, town: Town) -> str:
    """Make an API token on the publisher's page."""
    page.goto(f"{town.origin}/developer")
    page.get_by_role("link", name="贵州电网（演示）").click()
    page.get_by_label("令牌名称").fill("journey")
    page.get_by_role("button", name="创建令牌").click()
    return page.locator("#secret").inner_text()


def open_app(page: Page, town: Town) -> None:
    """Open the new mini-app once it is served, granting what it asks for."""
    wait_until_served(town)
    page.goto(f"{town.origin}/apps/green-tea")
    if "/consent/" in page.url:
        agree(page)
    page.wait_for_selector("iframe")


def wait_until_served(town: Town) -> None:
    """Wait until the host serves its first release."""
    until = time.monotonic() + HEARD_SECONDS
    headers = {"Host": f"green-tea.localhost:{town.port}"}
    while httpx.get(f"http://127.0.0.1:{town.port}/", headers=headers).status_code == 404:
        assert time.monotonic() < until, (town.var / "log" / "host.log").read_text()[-3000:]
        time.sleep(0.1)


def load_until(page: Page, town: Town, words: str) -> None:
    """Load the mini-app's page in its frame until it says so: the answers before are the older release's."""
    frame = next(frame for frame in page.frames if frame.url.startswith(town.app("green-tea")))
    until = time.monotonic() + HEARD_SECONDS
    while words not in frame.locator("body").inner_text():
        assert time.monotonic() < until, (town.var / "log" / "host.log").read_text()[-3000:]
        frame.goto(town.app("green-tea") + "/")


def edit(project: Path, old: str | None, new: str) -> None:
    """Write words into the start page, with their translation, as the rules ask."""
    page = project / "yimen_green_tea" / "templates" / "home.html"
    text = page.read_text()
    page.write_text(
        text.replace(old, new)
        if old
        else text.replace("{% block main %}", "{% block main %}\n<p>{{ _('" + new + "') }}</p>")
    )
    catalogue = project / "yimen_green_tea" / "locale" / "en.po"
    with catalogue.open("a") as file:
        file.write(f'\nmsgid "{new}"\nmsgstr "Version {new}"\n')


def set_version(project: Path, version: str) -> None:
    """Set the version of the distribution."""
    path = project / "pyproject.toml"
    path.write_text(re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', path.read_text()))


def run(command: str, *arguments: str, cwd: Path) -> str:
    """Run one of the developer's commands; it must succeed."""
    done = subprocess.run(
        [BIN / command, *arguments], cwd=cwd, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Load:
    """Asks for the mini-app's public answers all the time; every one must come."""

    def __init__(self, town: Town) -> None:
        self._address, self._host = f"http://127.0.0.1:{town.port}/", town.app("green-tea").removeprefix("http://")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answered = 0
        self.failed: list[object] = []

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join(30)

    def _ask(self) -> None:
        with httpx.Client(headers={"Host": self._host}, timeout=20) as client:
            while not self._over.wait(0.02):
                try:
                    status = client.get(self._address).status_code
                except httpx.HTTPError as error:
                    self.failed.append(error)
                else:
                    # Nobody is signed in, so the page leads to the portal: the mini-app itself answered that.
                    self.answered += status == 303
                    if status != 303:
                        self.failed.append(status)
