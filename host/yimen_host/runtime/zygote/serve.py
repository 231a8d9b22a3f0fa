"""The zygote's loop: fork when told, tell when a worker ended. It never sees what the worker will run."""

import errno
import json
import os
import select
import socket
from collections.abc import Sequence

from yimen_host.runtime.sandbox import kernel
from yimen_host.runtime.zygote import orphans, worker

_MESSAGE = 4096
_DESCRIPTORS = 16


def forever(link: socket.socket, *, process_namespace: bool, reaper: bool) -> None:
    """Serve the supervisor until it closes its end. As `reaper` end what workers leave behind."""
    workers: dict[int, int] = {}
    own_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    poll = select.poll()
    poll.register(link, select.POLLIN)
    _say(link, {"ready": os.getpid()}, [])
    while True:
        for ready, _ in poll.poll():
            if ready == link.fileno():
                message, received, _, _ = socket.recv_fds(link, _MESSAGE, _DESCRIPTORS)
                if not message:
                    return
                told = json.loads(message)
                handle = _start(link, told["worker"], received, own_namespace if process_namespace else None)
                if handle is not None:
                    workers[handle[1]] = handle[0]
                    poll.register(handle[1], select.POLLIN)
            else:
                poll.unregister(ready)
                ended = workers.pop(ready)
                if reaper:
                    orphans.end_group(ended)
                _, status = os.waitpid(ended, 0)
                if reaper:
                    orphans.end(workers.values())
                _say(link, {"ended": ended, "status": os.waitstatus_to_exitcode(status)}, [])
                os.close(ready)


def _start(
    link: socket.socket, number: int, received: Sequence[int], own_namespace: int | None
) -> tuple[int, int] | None:
    """Fork one worker with the received descriptors; return its process number and a descriptor of it."""
    try:
        if own_namespace is not None:
            kernel.unshare(kernel.CLONE_NEWPID)
        pid = os.fork()
    except OSError as error:
        _say(link, {"worker": number, "failed": errno.errorcode.get(error.errno or 0, "")}, [])
        return None
    if pid == 0:
        worker.become(received)
    if own_namespace is not None:
        kernel.enter_namespace(own_namespace, kernel.CLONE_NEWPID)
    for descriptor in received:
        os.close(descriptor)
    handle = os.pidfd_open(pid)
    _say(link, {"worker": number, "pid": pid}, [handle])
    return pid, handle


def _say(link: socket.socket, message: dict[str, int | str], descriptors: list[int]) -> None:
    socket.send_fds(link, [json.dumps(message).encode()], descriptors)
