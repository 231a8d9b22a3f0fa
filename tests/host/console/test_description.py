"""The description of the publishers' API is whole, current, and what its calls do."""

import json
from pathlib import Path

import httpx
import pytest
from starlette.routing import Route
from tests.host.console.test_deliveries import Programs, bearer, programs
from tests.host.described import WRONG, faults
from tests.host.village import Village

from yimen_host.app import create_portal
from yimen_host.console.description import ADDRESS, CALLS, PUBLISHERS
from yimen_host.core.openapi import Call

__all__ = ["programs"]  # a fixture

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "publisher-api.json"
FOR_TOKENS = ("/v1/apps/", "/legacy/", "/simple/", "/files/")


async def test_every_call_that_takes_a_token_is_described(here: Village) -> None:
    routes = [route for route in create_portal(here.node).routes if isinstance(route, Route)]
    there = {
        (route.path, method)
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
        if route.path.startswith(FOR_TOKENS)
    }

    assert sorted((call.path, call.method) for call in CALLS) == sorted(there)


def test_the_published_description_is_current() -> None:
    # After a change: python -m yimen_host.console.description > docs/reference/publisher-api.json
    assert json.loads(PUBLISHED.read_text()) == PUBLISHERS.document()


async def test_the_portal_serves_the_description_to_everybody(here: Village) -> None:
    answer = await here.browser().get(ADDRESS)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == PUBLISHERS.document()


@pytest.mark.parametrize(
    "call", [call for call in CALLS if call.answers and not call.also_in], ids=lambda call: call.path
)
async def test_a_call_answers_as_it_is_described(programs: Programs, call: Call) -> None:
    answer = await _call(programs, call)

    assert (answer.status_code, answer.headers["content-type"]) == (call.status, call.media)
    assert call.answers is not None
    assert call.answers.model_validate(answer.json()).model_dump(mode="json") == answer.json()


@pytest.mark.parametrize("call", [call for call in CALLS if call.query], ids=lambda call: call.path)
async def test_a_call_reads_the_model_it_is_described_with(programs: Programs, call: Call) -> None:
    assert call.query is not None

    answer = await _call(programs, call, query=WRONG)

    assert (answer.status_code, answer.json()["faults"]) == (422, faults(call.query))


@pytest.mark.parametrize(
    "call", [call for call in CALLS if call.answers and not call.also_in], ids=lambda call: call.path
)
async def test_a_call_refuses_as_it_is_described(programs: Programs, call: Call) -> None:
    answers = [
        await _call(programs, call, token="yimen-guessed"),
        await _call(programs, call, app_id="coffee"),
        *([await _call(programs, call, key=None)] if call.headers else ()),
    ]

    assert [answer.status_code for answer in answers] == [401, 404, *((400,) if call.headers else ())]
    assert {answer.status_code for answer in answers} <= set(call.refusals)
    assert {answer.headers["content-type"] for answer in answers} == {call.refused_in}


async def _call(
    programs: Programs,
    call: Call,
    *,
    query: dict[str, str] | None = None,
    token: str | None = None,
    app_id: str = "tea",
    key: str | None = "k",
) -> httpx.Response:
    letter = (await programs.dead())[0][0]
    path = call.path.replace(":int", "").format(app_id=app_id, endpoint=programs.endpoint, delivery=letter)
    headers = bearer(token or programs.token) | ({"Idempotency-Key": key} if key and call.headers else {})
    return await programs.client.request(call.method, path, params=query, headers=headers)
