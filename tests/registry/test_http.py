"""The upload and index addresses, request by request: what a tool sees when something is wrong."""

import base64
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from yimen_registry.releases.models import Severity
from yimen_registry.testing import MANIFEST, Town, WheelDraft
from yimen_registry.wheel import Limits

FORM = {":action": "file_upload", "protocol_version": "1", "filetype": "bdist_wheel", "pyversion": "py3"}
JSON_TYPE = "application/vnd.pypi.simple.v1+json"


@pytest.fixture
async def client(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the registry, without a token."""
    transport = httpx.ASGITransport(Starlette(routes=town.registry.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.test") as client:
        yield client


def wheel(draft: WheelDraft | None = None) -> dict[str, tuple[str, bytes]]:
    draft = draft or WheelDraft()
    return {"content": (draft.file_name, draft.to_bytes())}


def incoming(town: Town) -> list[str]:
    return [path.name for path in (town.registry.blobs.root / "incoming").iterdir()]


async def test_an_upload_by_hand_is_taken(town: Town, client: httpx.AsyncClient) -> None:
    client.auth = ("__token__", town.secret)

    answer = await client.post("/legacy/", data=FORM, files=wheel())

    assert (answer.status_code, answer.text) == (200, "greeting 1.0.0 is uploaded; submit it in the console\n")
    assert incoming(town) == []


async def test_a_refused_wheel_says_what_to_change_in_both_languages(town: Town, client: httpx.AsyncClient) -> None:
    client.auth = ("__token__", town.secret)
    manifest = MANIFEST.format(app="greeting").replace("category", "categroy")
    draft = WheelDraft().adding("yimen_greeting/fast.so", b"\x7fELF").adding("yimen_greeting/slow.pyc", b"")
    data = draft.adding("yimen_greeting/miniapp.toml", manifest).to_bytes()

    answer = await client.post("/legacy/", data=FORM, files={"content": (draft.file_name, data)})

    assert (answer.status_code, answer.text.splitlines()) == (
        400,
        [
            "[code.native] yimen_greeting/fast.so: is machine code",
            "[code.bytecode] yimen_greeting/slow.pyc: is compiled Python; ship the source only",
            "[manifest.invalid] yimen_greeting/miniapp.toml: line 1: 'category' is missing / 第 1 行：缺少“category”",
            "[manifest.invalid] yimen_greeting/miniapp.toml: line 3: 'categroy' is not a key of the manifest; "
            "did you mean 'category'? / 第 3 行：清单没有“categroy”这一项；是不是“category”？",
            "→ Remove it from the package: ship the source only. 请从包里删除它，只带源代码。",
            "→ Correct miniapp.toml; `yimen check` tells before. 请改正 miniapp.toml；`yimen check` 会先指出。",
        ],
    )


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer x",
        "Basic !",
        "Basic " + base64.b64encode(b"__token__:yimen-wrong").decode(),
        "Basic " + base64.b64encode(b"mei:x").decode(),
    ],
)
async def test_who_shows_no_good_token_is_asked_for_one(client: httpx.AsyncClient, header: str | None) -> None:
    headers = {"authorization": header} if header else {}

    answer = await client.post("/legacy/", data=FORM, files=wheel(), headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="Yimen registry"'


async def test_the_user_name_must_be_the_token_user(town: Town, client: httpx.AsyncClient) -> None:
    answer = await client.post("/legacy/", data=FORM, files=wheel(), auth=("mei", town.secret))

    assert answer.status_code == 401


async def test_the_token_is_asked_before_the_body_is_read(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await client.post("/legacy/", content=body(), headers={"content-type": "multipart/form-data"})

    assert answer.status_code == 401


async def test_a_declared_giant_is_refused_unread(town: Town, client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {"content-type": "multipart/form-data; boundary=x", "content-length": str(400 * 1024 * 1024)}
    answer = await client.post("/legacy/", content=body(), headers=headers, auth=("__token__", town.secret))

    assert answer.status_code == 413
    assert incoming(town) == []


async def test_an_undeclared_giant_is_refused_while_it_streams(town: Town, client: httpx.AsyncClient) -> None:
    sent = 0
    town.registry.limits = Limits(archive=1024 * 1024)

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="content"; filename="a.whl"\r\n\r\n'
        for _ in range(400):
            sent += 1
            yield bytes(1024 * 1024)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await client.post("/legacy/", content=body(), headers=headers, auth=("__token__", town.secret))

    assert answer.status_code == 413
    assert sent <= 5
    assert incoming(town) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({":action": "submit"}, "file_upload"),
        ({"protocol_version": "2"}, "protocol_version"),
        ({"filetype": "sdist"}, "only wheels"),
        ({"attestations": "{"}, "attestations"),
        ({"attestations": "[1]"}, "attestations"),
        ({"sha256_digest": "0" * 64}, "digest"),
        ({"name": "other"}, "metadata.identity"),
        ({"version": "9"}, "metadata.identity"),
    ],
)
async def test_a_form_that_asks_for_something_else_is_refused(
    town: Town, client: httpx.AsyncClient, changes: dict[str, str], message: str
) -> None:
    answer = await client.post("/legacy/", data={**FORM, **changes}, files=wheel(), auth=("__token__", town.secret))

    assert answer.status_code in {400, 422}
    assert message in answer.text
    assert await town.registry.builds_of("greeting") == []


async def test_a_body_that_is_no_form_is_refused(town: Town, client: httpx.AsyncClient) -> None:
    auth = ("__token__", town.secret)
    no_form = await client.post("/legacy/", content=b"x", auth=auth)
    broken = await client.post(
        "/legacy/", content=b"x", headers={"content-type": "multipart/form-data; boundary=y"}, auth=auth
    )
    no_boundary = await client.post(
        "/legacy/", content=b"x", headers={"content-type": "multipart/form-data"}, auth=auth
    )

    assert [answer.status_code for answer in (no_form, broken, no_boundary)] == [422, 422, 422]


async def test_the_index_lists_what_was_approved_as_json(town: Town, client: httpx.AsyncClient) -> None:
    release = await town.live("1.0.0")
    await town.upload(WheelDraft(version="1.1.0"))
    build = (await town.registry.builds_of("greeting"))[-1]

    answer = await client.get("/simple/yimen-greeting/", headers={"accept": JSON_TYPE})

    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON_TYPE)
    assert answer.json() == {
        "meta": {"api-version": "1.1"},
        "name": "yimen-greeting",
        "versions": ["1.0.0"],
        "files": [
            {
                "filename": "yimen_greeting-1.0.0-py3-none-any.whl",
                "url": "../../files/yimen_greeting-1.0.0-py3-none-any.whl",
                "hashes": {"sha256": build.sha256},
                "requires-python": ">=3.11",
                "size": build.size,
                "upload-time": build.uploaded_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
                "yanked": False,
                "core-metadata": {"sha256": build.metadata_sha256},
                "dist-info-metadata": {"sha256": build.metadata_sha256},
            }
        ],
    }
    assert build.id == release.build_id


async def test_the_index_is_html_for_old_clients(town: Town, client: httpx.AsyncClient) -> None:
    await town.live()

    all_of_it = await client.get("/simple/")
    files = await client.get("/simple/yimen-greeting/", headers={"accept": "text/html"})

    assert '<a href="yimen-greeting/">yimen-greeting</a>' in all_of_it.text
    assert 'href="../../files/yimen_greeting-1.0.0-py3-none-any.whl#sha256=' in files.text
    assert 'data-requires-python="&gt;=3.11"' in files.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        (f"{JSON_TYPE}, text/html;q=0.01", JSON_TYPE),
        (f"text/html;q=0.1, {JSON_TYPE};q=0.2", JSON_TYPE),
        ("application/vnd.pypi.simple.latest+json", JSON_TYPE),
        ("application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+html"),
    ],
)
async def test_the_client_chooses_the_form(town: Town, client: httpx.AsyncClient, accept: str, kind: str) -> None:
    answer = await client.get("/simple/", headers={"accept": accept})

    assert answer.headers["content-type"].split(";")[0] == kind
    assert "Accept" in answer.headers["vary"]


async def test_a_form_that_nobody_has_is_not_acceptable(town: Town, client: httpx.AsyncClient) -> None:
    answer = await client.get("/simple/", headers={"accept": "image/png, text/html;q=0"})

    assert answer.status_code == 406


async def test_another_spelling_of_a_name_leads_to_the_right_one(town: Town, client: httpx.AsyncClient) -> None:
    answer = await client.get("/simple/Yimen_Greeting/")

    assert (answer.status_code, answer.headers["location"]) == (301, "../yimen-greeting/")


async def test_what_waits_for_review_is_not_there_for_strangers(town: Town, client: httpx.AsyncClient) -> None:
    await town.upload()
    name = WheelDraft().file_name
    paths = ("/simple/yimen-greeting/", f"/files/{name}", f"/files/{name}.metadata")

    strangers = [(await client.get(path)).status_code for path in paths]
    owners = [(await client.get(path, auth=("__token__", town.secret))).status_code for path in paths]

    assert (strangers, owners) == ([404, 404, 404], [200, 200, 200])
    assert "yimen-greeting" not in (await client.get("/simple/")).text


async def test_the_metadata_is_served_without_the_wheel(town: Town, client: httpx.AsyncClient) -> None:
    await town.live()
    draft = WheelDraft()

    answer = await client.get(f"/files/{draft.file_name}.metadata")

    assert answer.content == draft.contents()[f"{draft.dist_info}/METADATA"]
    assert "immutable" in answer.headers["cache-control"]


async def test_a_yanked_version_is_marked(town: Town, client: httpx.AsyncClient) -> None:
    await town.approved()
    await town.registry.yank("greeting", "1.0.0", by="rui", severity=Severity.LOW, reason="old")

    (file,) = (await client.get("/simple/yimen-greeting/", headers={"accept": JSON_TYPE})).json()["files"]
    html = await client.get("/simple/yimen-greeting/", headers={"accept": "text/html"})

    assert file["yanked"] == "old"
    assert 'data-yanked="old"' in html.text


async def test_attestations_are_kept_as_they_came(town: Town, client: httpx.AsyncClient) -> None:
    given = [{"version": 1, "envelope": {"statement": "x"}}]

    await client.post(
        "/legacy/",
        data={**FORM, "attestations": json.dumps(given)},
        files=wheel(),
        auth=("__token__", town.secret),
    )

    (build,) = await town.registry.builds_of("greeting")
    assert build.attestations == tuple(given)
