"""The W3C rendering: required members, and our own under a prefix."""

import pytest

from yimen_sdk.manifest import parse_manifest, to_w3c
from yimen_sdk.manifest.w3c import version_code

FULL = """\
id = "tea"
title = { zh = "茶", en = "Tea" }
description = { zh = "买茶", en = "Buy tea" }
category = "market"
sdk = ">=1.0,<2"
regions = ["520100"]
complaint = "tel:12345"
[[icons]]
src = "static/icon.png"
sizes = "192x192"
label = { zh = "茶杯", en = "Cup" }
[[pages]]
path = "/"
[[pages]]
path = "/orders"
[[scopes]]
name = "storage"
reason = { zh = "好", en = "Good" }
optional = true
[[network]]
host = "api.example.cn"
reason = { zh = "好", en = "Good" }
"""


def test_a_manifest_renders_as_the_w3c_draft_has_it() -> None:
    assert to_w3c(parse_manifest(FULL, version="1.2.3"), language="en") == {
        "app_id": "tea",
        "name": "Tea",
        "short_name": "Tea",
        "description": "Buy tea",
        "lang": "en",
        "icons": [{"src": "static/icon.png", "sizes": "192x192", "label": "Cup"}],
        "pages": [".", "orders"],
        "platform_version": {"min_code": 1, "release_type": "Release"},
        "version": {"code": 1002003, "name": "1.2.3"},
        "req_permissions": [{"name": "yimen.permission.storage", "reason": "Good"}],
        "yimen_category": "market",
        "yimen_regions": ["520100"],
        "yimen_network": ["api.example.cn"],
        "yimen_optional_permissions": ["storage"],
        "yimen_complaint": "tel:12345",
    }


@pytest.mark.parametrize(("version", "code"), [(None, 1), ("0.0.1", 1), ("1", 1000000), ("2.3.4rc1", 2003004)])
def test_the_version_code_is_a_positive_integer(version: str | None, code: int) -> None:
    assert version_code(version) == code
