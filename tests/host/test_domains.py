"""When two host names are one site to a browser."""

import html
import logging
from pathlib import Path

import pytest
from tests.host.village import village

from yimen_host.core.services import Services
from yimen_host.domains import Layout, layout
from yimen_host.identity import store as identity


@pytest.mark.parametrize(
    ("portal", "apps", "expected"),
    [
        ("localhost", "localhost", Layout.LOCAL),
        ("portal.localhost", "apps.localhost", Layout.LOCAL),
        ("portal.test", "apps-yimen.test", Layout.SEPARATE),
        ("portal.yimen.test", "apps.yimen.test", Layout.SHARED),
        ("yimen.example", "yimen.example", Layout.SHARED),
        ("YIMEN.example", "apps.yimen.example", Layout.SHARED),
        ("www.guizhou.gov.cn", "apps.guizhou.gov.cn", Layout.SHARED),
        ("www.guizhou.gov.cn", "guizhou-apps.gov.cn", Layout.SEPARATE),
        ("a.gz.cn", "b.gz.cn", Layout.SEPARATE),
        ("one.co.uk", "two.co.uk", Layout.SHARED),
        ("localhost", "apps.test", Layout.SEPARATE),
    ],
)
def test_names_share_a_domain_or_do_not(portal: str, apps: str, expected: Layout) -> None:
    assert layout(portal, apps) is expected


SHARED = "Mini-apps share the portal's registrable domain, so browsers cannot keep them fully apart."
NONE = "So none is served."


@pytest.mark.parametrize(
    ("domain", "accepted", "line", "banner", "served"),
    [
        ("apps.yimen.test", False, "so none is served", [SHARED, NONE], []),
        ("apps.yimen.test", True, "which YIMEN_ACCEPT_SHARED_DOMAIN accepts", [SHARED], ["tea"]),
        ("yimen-apps.test", False, None, [], ["tea"]),
    ],
)
async def test_a_shared_domain_is_told_at_start_and_in_the_console(
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture, domain: str, accepted: bool,
    line: str | None, banner: list[str], served: list[str],
) -> None:  # fmt: skip
    settings = {"portal_url": "https://yimen.test", "apps_domain": domain, "accept_shared_domain": accepted}
    with caplog.at_level(logging.WARNING):
        async with village(services, tmp_path, **settings) as here:
            admin = await here.settle()
            async with here.services.database.transaction() as session:
                await identity.add_role(session, admin, "admin")
            cookie, _ = await here.sign_in(admin)
            page = (await here.browser(cookie, language="en").get("/console")).text
            found = [release.app_id for release in here.node.directory.releases()]

    told = [record.getMessage() for record in caplog.records if "registrable domain, " in record.getMessage()]
    sentence = f"mini-apps share the portal's registrable domain, {line}; `yimen-host doctor` tells what to change"
    assert told == ([sentence] if line else [])
    assert [text for text in (SHARED, NONE) if text in html.unescape(page)] == banner
    assert found == served
