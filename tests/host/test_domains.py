"""When two host names are one site to a browser."""

import pytest

from yimen_host.domains import Layout, layout


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
