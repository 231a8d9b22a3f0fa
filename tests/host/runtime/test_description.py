"""The description of the platform API is whole, current, and what its calls read."""

import json
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from tests.host.described import WRONG, faults
from tests.host.payments.test_api import Caller, Known, problem
from tests.host.village import Village

from yimen_host.core.errors import HostError
from yimen_host.core.openapi import Call
from yimen_host.notices import api as notices
from yimen_host.payments import api as payments
from yimen_host.runtime import connections
from yimen_host.runtime.description import CALLS, PLATFORM

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "platform-api.json"
ROUTES = [*payments.routes, *notices.routes, *connections.routes]


def test_every_call_is_described() -> None:
    there = {(route.path, method) for route in ROUTES for method in (route.methods or set()) - {"HEAD"}}

    assert {(call.path, call.method) for call in CALLS} == there


def test_the_published_description_is_current() -> None:
    # After a change: python -m yimen_host.runtime.description > docs/reference/platform-api.json
    assert json.loads(PUBLISHED.read_text()) == PLATFORM.document()


@pytest.mark.parametrize("call", [call for call in CALLS if call.reads], ids=lambda call: call.path)
async def test_a_call_reads_the_body_it_is_described_with(here: Village, call: Call) -> None:
    assert call.reads is not None

    answer = await _ask(here, call, json=WRONG)

    assert (answer.status_code, answer.json()["faults"]) == (422, faults(call.reads))


@pytest.mark.parametrize("call", [call for call in CALLS if call.query], ids=lambda call: call.path)
async def test_a_call_reads_the_query_it_is_described_with(here: Village, call: Call) -> None:
    assert call.query is not None

    answer = await _ask(here, call, params=WRONG)

    assert (answer.status_code, answer.json()["faults"]) == (422, faults(call.query))


async def _ask(
    here: Village, call: Call, *, json: dict[str, str] | None = None, params: dict[str, str] | None = None
) -> httpx.Response:
    api = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Known, caller=Caller("tea"))],
        exception_handlers={HostError: problem},
    )
    for name, part in here.node.parts().items():
        setattr(api.state, name, part)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://platform") as client:
        return await client.request(
            call.method, call.path.format(order_id="ord_1"), json=json, params=params, headers={"Idempotency-Key": "k"}
        )
