"""Start of the zygote, run as a file with `-I -S`: set the import path, take a process namespace, preload, fork.

It is told everything in the first message on the inherited socket, and imports nothing that starts a thread.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys


def main() -> None:
    """Prepare the interpreter and serve the supervisor until it closes the socket."""
    link = socket.socket(fileno=int(sys.argv[1]))
    told = json.loads(link.recv(65536))
    sys.path.extend(entry for entry in told["path"] if entry not in sys.path)
    from yimen_host.runtime.sandbox import kernel  # the import path is only known now

    kernel.die_with_parent(signal.SIGKILL)
    if told["user_namespace"]:
        _become_root_of_nothing()
    if told["process_namespace"]:
        _become_first_process(link)
    if told["reaper"]:
        kernel.adopt_orphans()
    for name in told["preload"]:
        importlib.import_module(name)
    from yimen_host.runtime.zygote import serve, warm

    warm.up()
    gc.collect()
    gc.freeze()
    sys.path[:] = [entry for entry in sys.path if entry not in told["not_for_workers"]]
    serve.forever(link, process_namespace=told["process_namespace"], reaper=told["reaper"])


def _become_root_of_nothing() -> None:
    """An ordinary user needs a user namespace to make the others; in it they keep their own number."""
    from yimen_host.runtime.sandbox import kernel

    user, group = os.getuid(), os.getgid()
    kernel.unshare(kernel.CLONE_NEWUSER)
    for name, value in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(value)


def _become_first_process(link: socket.socket) -> None:
    """Go on as the first process of a namespace: when it ends, the kernel ends every worker below it."""
    from yimen_host.runtime.sandbox import kernel

    kernel.unshare(kernel.CLONE_NEWPID)
    child = os.fork()
    if child == 0:
        kernel.die_with_parent(signal.SIGKILL)
        return
    link.close()
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
