"""A mini-app's files where they belong to a user of its own: a host that is not root has them read and deleted."""

import asyncio
import io
import json
import os
import pickle
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.host.runtime.conftest import Write, ask

from yimen_host.runtime.contract import ReleaseSpec
from yimen_host.runtime.supervision import Supervision, SupervisorRefused, SupervisorUnavailable
from yimen_host.runtime.supervisor import belongings
from yimen_host.runtime.supervisor.belongings import PackageBroken, unpacked

HOST, STRANGER = 60_001, 60_002
KEEPER = """
DATA = Path(os.environ["YIMEN_APP_DATA"])

@app.get("/", public=True)
async def keep(request):
    (DATA / "deep").mkdir(mode=0o700)
    (DATA / "deep" / "recipe").write_bytes(b"water")
    (DATA / "way out").symlink_to("/etc/passwd")
    os.close(os.open(bytes(DATA) + b"/\\xff", os.O_CREAT | os.O_WRONLY))
    DATA.chmod(0o700)
    return PlainTextResponse("kept")
"""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives mini-apps users of their own")


@pytest.fixture
async def control(place: Path) -> AsyncIterator[Path]:
    """The control socket of a supervisor that is root, whose host is not."""
    config = place / "supervisor.json"
    told = {"run_dir": str(place / "run"), "state_dir": str(place / "state"), "host_uid": HOST}
    config.write_text(json.dumps(told))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "yimen_host.runtime.supervisor", "--config", str(config)
    )
    yield place / "run" / "control.sock"
    process.terminate()
    await process.wait()


@pytest.fixture
async def kept(control: Path, write: Write) -> ReleaseSpec:
    """A mini-app that has kept something and was disarmed; its directory lies in one of the host's."""
    client, spec = Supervision(control), write(KEEPER)
    armed = await client.arm(spec)
    assert await ask(armed.socket) == (200, "kept")
    with pytest.raises(SupervisorRefused, match="is armed"):
        await client.erase(spec.app_id, spec.data)
    with pytest.raises(SupervisorRefused, match="is armed"):
        await client.export(spec.app_id, spec.data)
    await client.disarm(spec.app_id, spec.version)
    await client.close()
    os.mkfifo(spec.data / "pipe")
    os.chown(spec.data.parent, HOST, HOST)
    return spec


def root_owned(directory: Path) -> Path:
    """A directory of root's with something in it."""
    directory.mkdir()
    (directory / "note").write_text("root's")
    return directory


def as_user(uid: int, act: Callable[[], object]) -> object:
    """Do something in a child of another user; return what it returned, or the error it raised."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            answer = act()
        except Exception as error:  # noqa: BLE001  the edge of the child
            answer = error
        os.write(writer, pickle.dumps(answer))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        answer = pickle.loads(told.read())
    os.waitpid(child, 0)
    return answer


def asking(control: Path, ask: Callable[[Supervision], Coroutine[Any, Any, object]]) -> Callable[[], object]:
    """Ask the supervisor something, as whoever runs it."""

    async def whole() -> object:
        client = Supervision(control)
        try:
            async with asyncio.timeout(5):
                return await ask(client)
        finally:
            await client.close()

    return lambda: asyncio.run(whole())


@AS_ROOT
async def test_a_host_that_is_not_root_has_files_read_and_erased(control: Path, kept: ReleaseSpec) -> None:
    async def read(client: Supervision) -> object:
        package = await client.export(kept.app_id, kept.data)
        assert package is not None
        return sorted((name, file.read()) for name, file in unpacked(package))

    async def erase(client: Supervision) -> object:
        erased = await client.erase(kept.app_id, kept.data)
        os.rmdir(kept.data)
        return erased

    alone = await asyncio.to_thread(as_user, HOST, lambda: shutil.rmtree(kept.data))
    told = await asyncio.to_thread(as_user, HOST, asking(control, read))
    erased = await asyncio.to_thread(as_user, HOST, asking(control, erase))

    assert isinstance(alone, PermissionError)
    assert told == [("deep/recipe", b"water"), ("\udcff", b"")]
    assert (erased, os.listdir(kept.data.parent), "passwd" in os.listdir("/etc")) == (True, [], True)


@AS_ROOT
async def test_only_the_host_and_only_what_is_the_mini_apps(control: Path, kept: ReleaseSpec, place: Path) -> None:
    others, link = root_owned(place / "others"), place / "link"
    os.symlink(kept.data, link)
    client = Supervision(control)

    erase = asking(control, lambda client: client.erase(kept.app_id, kept.data))
    stranger = await asyncio.to_thread(as_user, STRANGER, erase)
    refused = [
        await client.erase(app_id, directory)
        for app_id, directory in ((kept.app_id, others), (kept.app_id, link), ("tea", kept.data), ("tea", place / "x"))
    ]
    unread = [await client.export("tea", kept.data), await client.export(kept.app_id, link)]

    await client.close()
    assert isinstance(stranger, SupervisorUnavailable)
    assert (refused, unread) == ([False] * 4, [None] * 2)
    assert (os.listdir(others), os.listdir(kept.data / "deep")) == (["note"], ["recipe"])


def test_half_a_package_is_not_taken_for_a_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 5000)
    (tmp_path / "b").write_bytes(b"y")
    os.chown(tmp_path, HOST, HOST)
    whole = io.BytesIO()
    whole.close = lambda: None  # type: ignore[method-assign]  # it is looked at after it was closed
    belongings.pack(tmp_path, HOST, whole)

    def names(length: int) -> list[str]:
        return [name for name, _ in unpacked(io.BytesIO(whole.getvalue()[:length]))]

    assert names(len(whole.getvalue())) == ["a", "b"]
    for length in (0, 600, 512 * 11, 512 * 13):
        with pytest.raises(PackageBroken):
            names(length)


def test_what_is_roots_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("kept")

    with pytest.raises(PermissionError):
        belongings.empty(tmp_path, 0)
    with pytest.raises(PermissionError):
        belongings.pack(tmp_path, 0, io.BytesIO())

    assert (tmp_path / "note").read_text() == "kept"
