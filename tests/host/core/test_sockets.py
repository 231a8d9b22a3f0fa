"""Directories for unix sockets."""

import socket
from pathlib import Path

from yimen_host.core.sockets import LONGEST_OF_RUNTIME, run_directory, socket_directory


def test_a_short_path_is_used_as_it_is(tmp_path: Path) -> None:
    assert socket_directory(tmp_path / "s", longest_name=8) == tmp_path / "s"


def test_the_longest_socket_can_be_bound_however_deep_the_data_lies(tmp_path: Path) -> None:
    directory = run_directory(tmp_path / ("deep" * 20) / "var")
    path = directory / ("x" * LONGEST_OF_RUNTIME)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        bound = path.is_socket()
    path.unlink()
    directory.rmdir()

    assert bound
    assert not directory.is_relative_to(tmp_path)
