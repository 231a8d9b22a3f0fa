"""A real supervisor in a directory of its own, and mini-apps written for it by the tests."""

import asyncio
import json
import shutil
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from yimen_host.runtime.contract import Limits, ReleaseSpec
from yimen_host.runtime.supervision import Supervision

_KEYS = json.dumps({"keys": [ECKey.generate_key("P-256", {"kid": "a", "alg": "ES256"}).as_dict(private=False)]})
START_SECONDS = 30.0  # for a supervisor to be there
_HEAD = """
import asyncio, json, os, sys, time
from pathlib import Path
from starlette.responses import JSONResponse, PlainTextResponse
from yimen_sdk import MiniApp, hookimpl

app = MiniApp(__name__)

@hookimpl
def yimen_miniapps():
    return [app]
"""

Write = Callable[..., ReleaseSpec]


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path, since a socket's name may have 107 bytes, and one that other accounts may enter."""
    home = Path(tempfile.mkdtemp(prefix="ym"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def write(place: Path) -> Write:
    """Write a mini-app's package and describe its release."""

    def release(body: str, *, app_id: str = "probe", version: str = "1.0", **limits: float) -> ReleaseSpec:
        module = f"yimen_{app_id}"
        package = place / "trees" / f"{app_id}-{version}" / module
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(_HEAD + textwrap.dedent(body))
        return ReleaseSpec(
            app_id=app_id,
            version=version,
            tree=package.parent,
            module=module,
            data=place / "data" / app_id,
            environment={
                "YIMEN_APP_ID": app_id,
                "YIMEN_APP_VERSION": version,
                "YIMEN_APP_PUBLIC_URL": f"http://{app_id}.localhost",
                "YIMEN_PORTAL_URL": "http://localhost",
                "YIMEN_HOST_URL": "http+unix:///nowhere/host.sock",
                "YIMEN_HOST_KEYS": _KEYS.replace("{", "{{").replace("}", "}}"),
                "YIMEN_APP_DATA": "{data}",
            },
            limits=Limits(**{"idle_seconds": 60.0, "processor": 2.0, **limits}),  # type: ignore[arg-type]
        )

    return release


@pytest.fixture
async def supervision(place: Path) -> AsyncIterator[Supervision]:
    """A client of a supervisor that runs as long as the test."""
    config = place / "supervisor.json"
    config.write_text(json.dumps({"run_dir": str(place / "run"), "state_dir": str(place / "state")}))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "yimen_host.runtime.supervisor", "--config", str(config)
    )
    socket = place / "run" / "control.sock"
    async with asyncio.timeout(START_SECONDS):
        while not socket.exists():  # noqa: ASYNC110  another process makes it
            await asyncio.sleep(0.02)
    client = Supervision(socket)
    yield client
    await client.close()
    process.terminate()
    await process.wait()


async def ask(socket: Path, path: str = "/", *, close: bool = True) -> tuple[int, str]:
    """Send one GET on a connection of its own; return status and body, or (0, "") when nothing came back."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
        end = "Connection: close\r\n" if close else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: probe.localhost\r\n{end}\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
    except OSError:
        return 0, ""
    if not answer:
        return 0, ""
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split(" ")[1]), body
