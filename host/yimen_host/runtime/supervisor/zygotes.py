"""The supervisor's side of the zygote: start the program, ask it for workers, learn when they end."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from yimen_host.runtime.supervisor.interpreter import PRELOAD, Interpreter

_BOOT = Path(__file__).parent.parent / "zygote" / "boot.py"
_ANSWER_SECONDS = 10.0
_READY_SECONDS = 60.0
"""Importing everything takes half a second on an idle machine, and much longer on a busy one."""
_MESSAGE = 4096


class ZygoteLost(Exception):
    """The zygote ended or did not answer; its workers have ended with it."""


@dataclass
class Child:
    """One forked worker."""

    pid: int
    """As seen by the supervisor."""
    handle: int
    """A descriptor of the process, immune to reuse of its number."""
    ended: asyncio.Future[int] = field(repr=False)
    """Its exit status once it has ended; negative for a signal."""

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):  # it has ended, and the zygote is about to tell
                signal.pidfd_send_signal(self.handle, number)


class Zygote:
    """One running zygote."""

    _reaps = True
    """Whether it ends what workers leave behind, where no process namespace does."""

    def __init__(self, process: asyncio.subprocess.Process, link: socket.socket) -> None:
        self._process = process
        self._link = link
        self._asked: dict[int, asyncio.Future[Child]] = {}
        self._children: dict[int, Child] = {}
        self._number = 0
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready = asyncio.Event()
        asyncio.get_running_loop().add_reader(link, self._hear)

    @classmethod
    async def start(
        cls,
        interpreter: Interpreter,
        *,
        preload: Sequence[str] = (),
        user_namespace: bool,
        process_namespace: bool,
    ) -> Self:
        """Start the program with an empty environment and wait until it is prepared. Raises ZygoteLost."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(_BOOT), str(theirs.fileno()),
                env=cls._environment(), pass_fds=[theirs.fileno()], stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        told = {
            "path": interpreter.import_path,
            "not_for_workers": interpreter.host_path,
            "preload": [*PRELOAD, *preload],
            "user_namespace": user_namespace,
            "process_namespace": process_namespace,
            "reaper": cls._reaps and not process_namespace,
        }
        ours.send(json.dumps(told).encode())
        ours.setblocking(False)
        zygote = cls(process, ours)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await zygote._ready.wait()
        except TimeoutError:
            zygote._forget()
        if zygote.lost.done():
            await zygote.close()
            raise ZygoteLost("the zygote did not come up; its errors are in the supervisor's log")
        return zygote

    async def fork(self, *, listener: int, log: int, channel: int) -> Child:
        """Ask for a worker that holds these descriptors. Raises ZygoteLost."""
        if self.lost.done():
            raise ZygoteLost("the zygote has ended")
        self._number += 1
        number = self._number  # others may ask while this one waits
        asked: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._asked[number] = asked
        message = json.dumps({"worker": number}).encode()
        try:
            socket.send_fds(self._link, [message], [listener, log, channel])
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await asked
        except (OSError, TimeoutError) as error:
            raise ZygoteLost(f"the zygote does not fork: {str(error) or type(error).__name__}") from error
        finally:
            self._asked.pop(number, None)

    async def close(self) -> None:
        """End the zygote, and with it every worker it forked."""
        self._forget()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    @property
    def is_used(self) -> bool:
        """Whether a worker of this zygote lives, or is asked for."""
        return bool(self._children or self._asked)

    @staticmethod
    def _environment() -> Mapping[str, str]:
        """Nothing: whatever is here could be read in the memory of every worker."""
        return {}

    def _hear(self) -> None:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._link, _MESSAGE, 1)
        except BlockingIOError:
            return
        except OSError:
            message, descriptors = b"", []
        if not message:
            self._forget()
            return
        told = json.loads(message)
        if "ready" in told:
            self._ready.set()
            return
        if "ended" in told:
            child = self._children.pop(told["ended"])
            os.close(child.handle)
            child.ended.set_result(told["status"])
            return
        asked = self._asked.get(told["worker"])
        if "failed" in told:
            if asked and not asked.done():
                asked.set_exception(ZygoteLost(f"fork: {told['failed']}"))
            return
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        child = Child(_number_of(descriptors[0]), descriptors[0], ended)
        self._children[told["pid"]] = child
        if asked and not asked.done():
            asked.set_result(child)
        else:
            child.send_signal(signal.SIGKILL)

    def _forget(self) -> None:
        if self.lost.done():
            return
        self.lost.set_result(None)
        self._ready.set()
        asyncio.get_running_loop().remove_reader(self._link)
        self._link.close()
        for child in self._children.values():
            child.ended.set_result(-signal.SIGKILL)
            os.close(child.handle)
        self._children.clear()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ZygoteLost("the zygote has ended"))


def _number_of(handle: int) -> int:
    """Read the process number, as seen here, that a process descriptor stands for."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise ZygoteLost("a worker without a number")
