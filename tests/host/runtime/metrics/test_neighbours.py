"""Processes of one machine that tell one another what they counted: who is asked, who is passed over, who is missed."""

import socket
import stat
from pathlib import Path

from yimen_host.runtime.metrics.counts import Counts, Ledger, Pool
from yimen_host.runtime.metrics.neighbours import Telling, Told, directory, told


def counts(process: str) -> Counts:
    """What a process that did nothing has counted."""
    return Counts(process, Ledger(0, 0, 0), Pool(0, 1, 16))


async def test_each_process_tells_under_a_name_of_its_own(tmp_path: Path) -> None:
    hosts, worker = [Telling(tmp_path, "host", counts) for _ in range(2)], Telling(tmp_path, "jobs", counts)

    names = [await one.start() for one in (*hosts, worker)]
    heard = await told(tmp_path)
    for one in (*hosts, worker):
        await one.stop()

    assert names == ["host-1", "host-2", "jobs-1"]
    assert heard == Told((counts("host-1"), counts("host-2"), counts("jobs-1")))


async def test_a_name_that_became_free_is_taken_again(tmp_path: Path) -> None:
    first, second, third = (Telling(tmp_path, "host", counts) for _ in range(3))
    await first.start()
    await second.start()

    await first.stop()
    alone = await told(tmp_path)
    name = await third.start()

    assert (alone, name) == (Told((counts("host-2"),)), "host-1")
    await second.stop()
    await third.stop()


async def test_who_stands_still_is_named(tmp_path: Path) -> None:
    directory(tmp_path).mkdir()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(directory(tmp_path) / "host-1.sock"))
        deaf.listen()  # the kernel takes the connection, and nobody answers

        assert await told(tmp_path) == Told(silent=("host-1",))


async def test_nobody_but_the_hosts_account_is_told(tmp_path: Path) -> None:
    telling = Telling(tmp_path, "host", counts)
    await telling.start()

    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (directory(tmp_path), *directory(tmp_path).iterdir())}
    await telling.stop()

    assert {mode & 0o077 for mode in modes.values()} == {0}
    assert len(modes) == 3
