"""Each thing that is in the way of a start is one sentence that says what to do."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.town import free_port


def run(**settings: str) -> tuple[int, str]:
    """Try to start, and tell the exit code and what was said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")}
    ports = {
        "YIMEN_PORT": str(free_port()),
        "YIMEN_BILLER_PORT": str(free_port()),
        "YIMEN_CHANNELS_PORT": str(free_port()),
    }
    done = subprocess.run(
        [sys.executable, "-m", "yimen_host.cli", "run"],
        env={**environment, "YIMEN_DEMO": "1", **ports, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_second_host_in_one_directory_leaves_the_first_alone(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        said = run(YIMEN_VAR=str(tmp_path))

    assert said == (1, f"Yimen cannot start: another Yimen runs in {tmp_path}: stop it, or set YIMEN_VAR elsewhere.\n")
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("setting", ["YIMEN_PORT", "YIMEN_BILLER_PORT", "YIMEN_CHANNELS_PORT"])
def test_a_port_that_is_taken_is_named_with_its_setting(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        said = run(YIMEN_VAR=str(tmp_path), **{setting: str(port)})

    assert said == (
        1, f"Yimen cannot start: port {port} is taken: stop what uses it, or set {setting} to another port.\n",
    )  # fmt: skip


def test_the_demo_listens_on_this_machine_only(tmp_path: Path) -> None:
    code, said = run(YIMEN_VAR=str(tmp_path), YIMEN_BIND="0.0.0.0")

    assert (code, said.split(":")[0], "set YIMEN_BIND=127.0.0.1" in said) == (1, "Yimen cannot start", True)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert run(YIMEN_VAR=str(tmp_path / "file")) == (
        1,
        f"Yimen cannot start: {tmp_path}/file/log cannot be made (Not a directory): "
        "set YIMEN_VAR to a directory of yours.\n",
    )


def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    code, said = run(YIMEN_VAR=str(tmp_path), YIMEN_PORT="many")

    assert (code, said.split(":")[0]) == (2, "YIMEN_PORT")


def test_a_database_that_does_not_answer_is_said(tmp_path: Path) -> None:
    code, said = run(YIMEN_VAR=str(tmp_path), YIMEN_DATABASE_URL=f"postgresql://u:p@127.0.0.1:{free_port()}/d")

    assert (code, said.split("(")[0]) == (1, "Yimen cannot start: the database could not be prepared ")
    assert "Connection refused" in said
