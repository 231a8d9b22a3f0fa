"""The index answers as the description of the publishers' API says, in each of its forms."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.host.console.test_deliveries import publisher
from tests.host.village import Village

from yimen_host.console.description import CALLS, PUBLISHERS
from yimen_host.core.openapi import Call
from yimen_registry.testing import WheelDraft

TEA = WheelDraft(app="tea", distribution="yimen-tea", module="yimen_tea")
IN_FORMS = [call for call in CALLS if call.path.startswith("/simple/")]
FORMS = [(call, media) for call in IN_FORMS for media in (call.media, *call.also_in)]
NAMED = {"name": "yimen-tea", "file": TEA.file_name}
DOCUMENT = PUBLISHERS.document()["paths"]


@pytest.fixture
async def reader(here: Village) -> AsyncIterator[httpx.AsyncClient]:
    """A packaging tool with the token of a publisher, who uploaded a wheel as such tools do."""
    token = await publisher(here, "tea", "13800000001", 100)
    async with here.browser() as client:
        del client.headers["Origin"]  # a program, not a page
        client.auth = ("__token__", token)
        form = {":action": "file_upload", "protocol_version": "1", "filetype": "bdist_wheel"}
        uploaded = await client.post("/legacy/", data=form, files={"content": (TEA.file_name, TEA.to_bytes())})
        assert (uploaded.status_code, uploaded.headers["content-type"].split(";")[0]) == (200, "text/plain")
        yield client


@pytest.mark.parametrize(("call", "media"), FORMS, ids=lambda one: one.path if isinstance(one, Call) else one)
async def test_each_form_that_is_described_is_there(reader: httpx.AsyncClient, call: Call, media: str) -> None:
    answer = await reader.get(call.path.format(**NAMED), headers={"Accept": media})

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (call.status, media)
    assert set(DOCUMENT[call.path]["get"]["responses"]["200"]["content"]) == {call.media, *call.also_in}
    if media == call.media:
        assert call.answers is not None
        assert call.answers.model_validate(answer.json()).model_dump(mode="json", by_alias=True) == answer.json()
    assert "yimen-tea" in answer.text


async def test_both_forms_name_the_same_files(reader: httpx.AsyncClient) -> None:
    forms = [await reader.get("/simple/yimen-tea/", headers={"Accept": media}) for media in (IN_FORMS[1].media, "*/*")]

    (told,) = forms[0].json()["files"]
    link = re.findall(r'<a href="([^"]+)" data-requires-python="([^"]+)"[^>]*>([^<]+)</a>', forms[1].text)
    assert link == [
        (f"{told['url']}#sha256={told['hashes']['sha256']}", "&gt;=3.11", told["filename"]),
    ]  # fmt: skip
    assert (await reader.get(f"/simple/yimen-tea/{told['url']}")).content == TEA.to_bytes()


async def test_a_file_and_its_metadata_come_as_described(reader: httpx.AsyncClient) -> None:
    answers = [await reader.get(f"/files/{TEA.file_name}{more}") for more in ("", ".metadata")]

    (call,) = [call for call in CALLS if call.path.startswith("/files/")]
    assert [answer.headers["content-type"].split(";")[0] for answer in answers] == [call.media, *call.also_in]


async def test_the_index_refuses_and_leads_on_as_described(reader: httpx.AsyncClient) -> None:
    picky = {"Accept": "image/png"}
    asked = [("/simple/", picky), ("/simple/yimen-tea/", picky), ("/simple/coffee/", {}), ("/files/coffee.whl", {})]

    refused = [await reader.get(path, headers=headers) for path, headers in asked]
    elsewhere = await reader.get("/simple/Yimen.Tea/")

    assert [answer.status_code for answer in refused] == [406, 406, 404, 404]
    assert {answer.headers["content-type"].split(";")[0] for answer in refused} == {
        call.refused_in for call in CALLS if call.to_anybody
    }
    assert [call.refusals for call in CALLS if call.to_anybody] == [(406,), (404, 406), (404,)]
    assert ((elsewhere.status_code,), elsewhere.headers["location"]) == (IN_FORMS[1].elsewhere, "../yimen-tea/")
