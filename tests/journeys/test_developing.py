"""`yimen dev`: a developer's project in the real host, anew after each change, with readable errors."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.town import free_port

BIN = Path(sys.executable).parent
SECONDS = 60


@pytest.fixture
def project(tmp_path: Path) -> Path:
    subprocess.run([BIN / "yimen", "new", "plum-wine"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "plum-wine"


@pytest.fixture
def dev(project: Path, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    port, output = free_port(), tmp_path / "dev.out"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")},
        "YIMEN_VAR": str(tmp_path / "var"), "YIMEN_PORT": str(port), "YIMEN_BILLER_PORT": str(free_port()),
        "YIMEN_CHANNELS_PORT": str(free_port()),
    }  # fmt: skip
    with output.open("wb") as file:
        process = subprocess.Popen(
            [BIN / "yimen", "dev", str(project)], env=environment, stdout=file, stderr=file, start_new_session=True
        )
    try:
        wait_for(output, "Ctrl-C stops everything")
        yield port, output
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
        process.wait(SECONDS)


def test_a_change_is_served_and_a_mistake_is_told(project: Path, dev: tuple[int, Path]) -> None:
    port, output = dev
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        host = {"Host": f"plum-wine.localhost:{port}"}
        assert client.get("/", headers=host).status_code == 303  # signed in by nobody: to the portal

        package = project / "yimen_plum_wine" / "__init__.py"
        good = package.read_text()
        package.write_text(good + '\n\n@app.get("/hello", public=True)\n' + HELLO)
        wait_for(output, "changed, serving")
        for _ in range(50):  # the release is armed a moment after it is told
            if (answer := client.get("/hello", headers=host)).status_code == 200:
                break
            time.sleep(0.1)
        assert answer.text == "hello"

        package.write_text(good + "\nprice = eight\n")
        for _ in range(50):
            if client.get("/hello", headers=host).status_code == 503:
                break
            time.sleep(0.2)
        wait_for(output, "NameError: name 'eight' is not defined")


HELLO = 'async def hello(request: Request) -> Response:\n    """Say hello."""\n    return Response("hello")\n'


def wait_for(output: Path, words: str) -> None:
    deadline = time.monotonic() + SECONDS
    while words not in output.read_text():
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.1)
