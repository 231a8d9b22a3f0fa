"""One worker's life as the supervisor sees it: orders out, report, ready and heartbeat in, log beside."""

import asyncio
import os
import signal
import socket
from typing import Self

from yimen_host.runtime.complaints import (
    ATTACKS_LATE,
    ATTACKS_UNTOLD,
    DEAF,
    LAYER_FAILED,
    NO_REPORT,
    NONSENSE,
    NOT_LOADED,
    NOT_READY,
    STOOD_STILL,
    UNCONFINED,
    WENT_ON,
    Why,
    in_english,
)  # fmt: skip
from yimen_host.runtime.contract import LayerReport
from yimen_host.runtime.probes.probe import Finding, findings_json
from yimen_host.runtime.sandbox.layers import LayerState
from yimen_host.runtime.supervisor.cgroups import Group
from yimen_host.runtime.supervisor.logs import ReleaseLog
from yimen_host.runtime.supervisor.zygotes import Child, Zygote
from yimen_host.runtime.zygote.orders import GO, READY, Orders, orders_json, reports_json
from yimen_sdk.saying import Kind, Said

REPORT_SECONDS = 10.0
READY_SECONDS = 20.0
TRIAL_SECONDS = 60.0
LINGER_SECONDS = 13.0
"""How long a worker that closed its channel may go on."""
_LONGEST_REPORT = 64 * 1024
_FLOOD_SECONDS = 0.02
"""Between two looks at a log that is full for this minute."""


class WorkerFailed(Exception):
    """The worker did not come up."""

    def __init__(self, why: Why) -> None:
        super().__init__(in_english(why))
        self.why = why


class Worker:
    """A forked child that has its orders."""

    def __init__(
        self, child: Child, channel: asyncio.StreamReader, writer: asyncio.StreamWriter, *, silence_seconds: float
    ) -> None:
        self._child = child
        self._channel = channel
        self._writer = writer
        self._silence_seconds = silence_seconds
        self.layers: tuple[LayerReport, ...] = ()
        self.silent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once neither it nor anything it started can write to its log."""
        self.complaint: Why = ()
        """Why the supervisor ended it, if it did."""

    @classmethod
    async def start(cls, zygote: Zygote, orders: Orders, *, listener: int, group: Group, log: ReleaseLog) -> Self:
        """Fork a worker, give it its orders and read its report. Raises ZygoteLost or WorkerFailed."""
        ours, theirs = socket.socketpair()
        log_reader, log_writer = os.pipe()
        try:
            child = await zygote.fork(listener=listener, log=log_writer, channel=theirs.fileno())
        except BaseException:
            ours.close()
            os.close(log_reader)
            raise
        finally:
            theirs.close()
            os.close(log_writer)
        log_ended = _follow(log_reader, log)
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_LONGEST_REPORT)
        worker = cls(child, reader, writer, silence_seconds=orders.confinement.limits.silence_seconds)
        worker.silent = log_ended
        writer.write(orders_json.dump_json(orders) + b"\n")
        placed = None if group.is_entered else asyncio.create_task(asyncio.to_thread(group.place, child.pid))
        await worker._read_report()
        if placed:
            worker.layers += (await placed,)
        worker._refuse_failed()
        writer.write(GO)
        return worker

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._child.pid

    async def answers(self) -> None:
        """Wait until it serves. Raises WorkerFailed when it does not within the time."""
        line = await self._line(READY_SECONDS, NOT_READY)
        if line != READY:
            raise WorkerFailed((NOT_LOADED.said(),))

    async def findings(self) -> list[Finding]:
        """Wait for what a canary found. Raises WorkerFailed when it does not tell within the time."""
        line = await self._line(TRIAL_SECONDS, ATTACKS_LATE)
        if not line:
            raise WorkerFailed((ATTACKS_UNTOLD.said(),))
        return findings_json.validate_json(line)

    async def ended(self) -> int:
        """Watch it until it ends, ending it when its event loop stands still; return its exit status."""
        while not self._child.ended.done():
            try:
                async with asyncio.timeout(self._silence_seconds):
                    if not await self._channel.readline():
                        break
            except ConnectionResetError:
                break  # it ended before it had read everything
            except TimeoutError:
                self.kill(STOOD_STILL.said())
                break
            except ValueError:
                self.kill(NONSENSE.said())
                break
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                return await asyncio.shield(self._child.ended)
        except TimeoutError:
            self.kill(WENT_ON.said())
            return await asyncio.shield(self._child.ended)
        finally:
            self._writer.close()

    async def drain(self, seconds: float) -> None:
        """Let it finish what it has, for so long, then end it."""
        self._child.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._child.ended)
        except TimeoutError:
            self.kill(DEAF.said())

    def kill(self, *complaint: Said) -> None:
        """End it at once, with everything below it; say why, and what caused that."""
        self.complaint = complaint
        self._child.send_signal(signal.SIGKILL)

    async def _read_report(self) -> None:
        line = await self._line(REPORT_SECONDS, NO_REPORT)
        if not line:
            raise WorkerFailed((UNCONFINED.said(),))
        self.layers = tuple(reports_json.validate_json(line))

    def _refuse_failed(self) -> None:
        for entry in self.layers:
            if entry.state is LayerState.FAILED:
                self.kill(LAYER_FAILED.said(layer=entry.layer), *([entry.why] if entry.why else []))
                raise WorkerFailed(self.complaint)

    async def _line(self, seconds: float, complaint: Kind) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                return await self._channel.readline()
        except ConnectionResetError:
            return b""
        except (TimeoutError, ValueError) as error:
            self.kill(complaint.said())
            raise WorkerFailed(self.complaint) from error


def _follow(descriptor: int, log: ReleaseLog) -> asyncio.Future[None]:
    """Give what arrives on a pipe to the log; return what is done once every writer has closed it."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    os.set_blocking(descriptor, False)

    def read() -> None:
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        if not data:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            ended.set_result(None)
            return
        log.feed(data)
        if log.is_full:  # a flood waits, so that everybody else does not
            loop.remove_reader(descriptor)
            loop.call_later(_FLOOD_SECONDS, loop.add_reader, descriptor, read)

    loop.add_reader(descriptor, read)
    return ended
