"""The addresses a host listens on: what is in the way of one, and the sockets of its processes."""

import errno
import ipaddress
import socket

from yimen_host.settings import Settings


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def listener(settings: Settings) -> socket.socket:
    """Bind the port for one host process.

    Each has a socket of its own, among which the kernel shares out the connections evenly; on a common one the process
    that wakes first takes a whole burst. Only with several: otherwise a second Yimen could share the port unnoticed.
    """
    made = socket.socket(socket.AF_INET6 if ":" in settings.bind else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if settings.processes > 1:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((settings.bind, settings.port))
    return made


def port_problem(bind: str, port: int) -> str | None:
    """Why a port cannot be listened on; None when it can."""
    with socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken"
            if error.errno == errno.EACCES:
                return "is not ours to use"
            return f"cannot be used ({error.strerror})"
    return None
