"""The extension that the documentation shows is built, installed and loaded, and sends a message."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.host.served import serving

from yimen_host.core.errors import TryLater
from yimen_host.core.services import Services
from yimen_host.runtime.extensions.loading import TEXTS, Record, State, load

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "extensions.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the documented distribution is installed."""
    project, site = tmp_path_factory.mktemp("yimen-texts"), tmp_path_factory.mktemp("site")
    for name, code in re.findall(r"`([\w.]+)`\n\n```(?:toml|python)\n(.*?)```", PAGE.read_text("utf-8"), re.S):
        (project / name).write_text(code, "utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(site), str(project)], check=True)
    return site


async def test_it_is_loaded_and_sends(services: Services, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(site)
    sent: list[object] = []

    async def receive(request: Request) -> Response:
        sent.append((request.headers["authorization"], await request.json()))
        return Response(status_code=202 if len(sent) == 1 else 500)

    async with serving(Starlette(routes=[Route("/send", receive, methods=["POST"])])) as address:
        found = load(services, ["texts"], {"YIMEN_EXT_TEXTS_URL": f"{address}/send", "YIMEN_EXT_TEXTS_TOKEN": "secret"})
        assert found.records == (Record("texts", State.LOADED, "yimen-texts", "1.0.0", offers=(TEXTS,)),)
        await found.senders[0].send("13911112222", "123456")
        with pytest.raises(TryLater):
            await found.senders[0].send("13911112222", "123456")

    assert sent == [("Bearer secret", {"to": "13911112222", "text": "123456"})] * 2


def test_a_setting_that_is_missing_is_named(services: Services, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(site)

    (record,) = load(services, ["texts"], {"YIMEN_EXT_TEXTS_URL": "http://sms.test"}).records

    assert record.reason == "set YIMEN_EXT_TEXTS_TOKEN"
