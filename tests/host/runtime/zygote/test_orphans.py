"""What a worker leaves behind ends with it, however it was left."""

import subprocess
import sys

import pytest

REAPER = """
import os, signal, sys, time
from yimen_host.runtime.sandbox import kernel
from yimen_host.runtime.zygote import orphans

kernel.adopt_orphans()
reading, writing = os.pipe()
leader = os.fork()
if leader == 0:
    os.setsid()
    for left in range(3):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.write(writing, b".")
            time.sleep(60)
    os._exit(0)
ready = b""
while len(ready) < 3:
    ready += os.read(reading, 3)
os.waitid(os.P_PID, leader, os.WEXITED | os.WNOWAIT)
{act}
os.waitpid(leader, 0)
ended = 0
for _ in range(40):
    found, status = os.waitpid(-1, os.WNOHANG)
    if found:
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        ended += 1
    if ended == 3:
        break
    time.sleep(0.05)
print(ended)
for left in orphans._children(os.getpid()):
    os.kill(left, signal.SIGKILL)
"""


@pytest.mark.parametrize(("act", "ended"), [("orphans.end_group(leader)", "3"), ("pass", "0")])
def test_a_workers_group_ends_at_once_and_only_because_it_is_ended(act: str, ended: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", REAPER.replace("{act}", act)], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout.split() == [ended]


def test_what_left_its_group_ends_too() -> None:
    act = "os.waitpid(leader, 0); orphans.end(()); print(len(orphans._children(os.getpid()))); sys.exit()"
    done = subprocess.run(
        [sys.executable, "-c", REAPER.replace("{act}", act)], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout.split() == ["0"]
