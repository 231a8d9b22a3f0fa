"""The packaging ecosystem's own tools against a real server: twine uploads, pip downloads, neither is modified."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from yimen_registry.testing import Town, WheelDraft


@pytest.fixture
def server(town: Town) -> Iterator[str]:
    """Serve the registry on loopback, in a thread with a loop of its own."""
    app = Starlette(routes=town.registry.routes())
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join()
    listener.close()


def twine(server: str, secret: str, wheel: Path) -> subprocess.CompletedProcess[str]:
    options = ["--repository-url", f"{server}/legacy/", "-u", "__token__", "-p", secret]
    command = [sys.executable, "-m", "twine", "upload", "--verbose", "--disable-progress-bar", *options]
    return subprocess.run([*command, str(wheel)], capture_output=True, text=True, check=False)


def pip_download(index: str, name: str, into: Path) -> subprocess.CompletedProcess[str]:
    options = ["--no-deps", "--no-cache-dir", "--index-url", f"{index}/simple/", "-d", str(into)]
    command = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "download", *options]
    return subprocess.run([*command, name], capture_output=True, text=True, check=False)


def write(directory: Path, draft: WheelDraft) -> Path:
    path = directory / draft.file_name
    path.write_bytes(draft.to_bytes())
    return path


async def test_twine_uploads_and_uploads_again(town: Town, server: str, tmp_path: Path) -> None:
    wheel = write(tmp_path, WheelDraft())

    first = twine(server, town.secret, wheel)
    again = twine(server, town.secret, wheel)

    assert (first.returncode, again.returncode) == (0, 0), first.stdout + again.stdout
    (build,) = await town.registry.builds_of("greeting")
    assert town.registry.blobs.file(build.sha256).read_bytes() == wheel.read_bytes()


async def test_twine_is_told_why_a_wheel_is_refused(town: Town, server: str, tmp_path: Path) -> None:
    draft = WheelDraft(requires=("requests",)).adding("yimen_greeting/fast.so", b"\x7fELF")

    refused = twine(server, town.secret, write(tmp_path, draft))

    assert refused.returncode == 1
    assert "[metadata.dependency]" in refused.stdout
    assert "[code.native]" in refused.stdout
    assert await town.registry.builds_of("greeting") == []


async def test_other_bytes_under_one_version_are_refused(town: Town, server: str, tmp_path: Path) -> None:
    assert twine(server, town.secret, write(tmp_path, WheelDraft())).returncode == 0

    changed = WheelDraft().adding("yimen_greeting/more.py", "x = 1\n")
    refused = twine(server, town.secret, write(tmp_path, changed))

    assert refused.returncode == 1
    assert "File already exists" in refused.stdout
    assert len(await town.registry.builds_of("greeting")) == 1


async def test_a_wrong_token_is_refused(server: str, tmp_path: Path) -> None:
    refused = twine(server, "yimen-wrong", write(tmp_path, WheelDraft()))

    assert refused.returncode == 1
    assert "401" in refused.stdout


async def test_pip_downloads_what_was_approved(town: Town, server: str, tmp_path: Path) -> None:
    await town.live()

    done = pip_download(server, "yimen-greeting", tmp_path / "out")

    assert done.returncode == 0, done.stderr
    downloaded = tmp_path / "out" / WheelDraft().file_name
    assert downloaded.read_bytes() == WheelDraft().to_bytes()


async def test_pip_sees_unreviewed_files_only_with_a_token(town: Town, server: str, tmp_path: Path) -> None:
    await town.submitted()

    stranger = pip_download(server, "yimen-greeting", tmp_path / "stranger")
    owner = pip_download(
        server.replace("http://", f"http://__token__:{town.secret}@"), "yimen-greeting", tmp_path / "owner"
    )

    assert (stranger.returncode, owner.returncode) == (1, 0), owner.stderr
    assert [path.name for path in (tmp_path / "owner").iterdir()] == [WheelDraft().file_name]
