"""The description of the platform API is whole and current."""

import json
from pathlib import Path

from yimen_host.notices import api as notices
from yimen_host.payments import api as payments
from yimen_host.runtime import connections
from yimen_host.runtime.description import CALLS, describe

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "platform-api.json"


def test_every_call_is_described() -> None:
    routes = [*payments.routes, *notices.routes, *connections.routes]
    there = {(route.path, method) for route in routes for method in (route.methods or set()) - {"HEAD"}}

    assert {(call.path, call.method) for call in CALLS} == there


def test_the_published_description_is_current() -> None:
    # After a change: python -m yimen_host.runtime.description > docs/reference/platform-api.json
    assert json.loads(PUBLISHED.read_text()) == describe()
