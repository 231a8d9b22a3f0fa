"""Attacks over sockets of every family, and over the shared objects of System V and POSIX."""

import ctypes
import errno
import os
import socket
import struct

from yimen_host.runtime.probes.numbers import call, checked, libc
from yimen_host.runtime.probes.probe import Decoys, probe
from yimen_host.runtime.sandbox.layers import Layer

_LOOPBACK, _LOOPBACK6 = "127.0.0.1", "::1"
_MPTCP = 262
_SEGMENT = 4096


@probe(Layer.NETWORK, Layer.LANDLOCK, Layer.SECCOMP)
def connect_tcp(decoys: Decoys) -> None:
    """Connect to a service of the machine over TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as peer:
        peer.connect((_LOOPBACK, decoys.tcp))


@probe(Layer.NETWORK, Layer.LANDLOCK, Layer.SECCOMP)
def connect_tcp6(decoys: Decoys) -> None:
    """Connect to a service of the machine over TCP and IP version 6."""
    if not decoys.tcp6:
        raise OSError(errno.EAFNOSUPPORT, "no version 6 here")
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as peer:
        peer.connect((_LOOPBACK6, decoys.tcp6))


@probe(Layer.NETWORK, Layer.SECCOMP)
def connect_multipath(decoys: Decoys) -> None:
    """Connect to a service of the machine over multipath TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MPTCP) as peer:
        peer.connect((_LOOPBACK, decoys.tcp))


@probe(Layer.LANDLOCK, Layer.SECCOMP)
def listen_tcp(decoys: Decoys) -> None:
    """Open a port of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104  the attack is to listen at all
        listener.listen()


@probe(Layer.NETWORK, Layer.SECCOMP)
def send_udp(decoys: Decoys) -> None:
    """Send a datagram to a service of the machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", (_LOOPBACK, decoys.udp))


@probe(Layer.SECCOMP)
def listen_udp(decoys: Decoys) -> None:
    """Receive datagrams on a port of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104  the attack is to listen at all


@probe(Layer.SECCOMP, Layer.UID, Layer.DUMPABLE)
def forge_ip(decoys: Decoys) -> None:
    """Open a raw IP socket, which can forge packets."""
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


@probe(Layer.SECCOMP, Layer.UID, Layer.DUMPABLE)
def sniff_packets(decoys: Decoys) -> None:
    """Open a packet socket, which sees what others send."""
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300).close()


@probe(Layer.SECCOMP)
def ask_routes(decoys: Decoys) -> None:
    """Ask the kernel for network devices and routes."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, 0))
        kernel.send(struct.pack("=IHHIIB3x", 20, 18, 0x301, 1, 0, 0))
        kernel.recv(1)


@probe(Layer.SECCOMP)
def reach_hypervisor(decoys: Decoys) -> None:
    """Open a socket to the machine that runs this virtual one."""
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()


@probe(Layer.SECCOMP)
def use_kernel_ciphers(decoys: Decoys) -> None:
    """Open a socket to the kernel's ciphers, a known source of holes."""
    socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).close()


@probe(Layer.NETWORK, Layer.LANDLOCK)
def connect_abstract(decoys: Decoys) -> None:
    """Connect to an abstract unix socket of the machine."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(f"\0{decoys.abstract}")


@probe(Layer.UID, Layer.DUMPABLE)
def lie_about_user(decoys: Decoys) -> None:
    """Tell the other end of a socket that it is another user."""
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    lie = struct.pack("=iII", os.getpid(), os.getuid() + 1, os.getgid())
    ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, lie)])


@probe(Layer.SECCOMP, Layer.IPC)
def use_shared_segment(decoys: Decoys) -> None:
    """Attach to a shared memory segment of another program."""
    segment = checked(libc.shmget(decoys.queue_key, _SEGMENT, 0), "shmget")
    address = libc.shmat(segment, None, 0)
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "shmat")


@probe(Layer.SECCOMP, Layer.IPC)
def use_message_queue(decoys: Decoys) -> None:
    """Open a message queue of another program."""
    checked(libc.msgget(decoys.queue_key, 0), "msgget")


@probe(Layer.SECCOMP, Layer.IPC)
def use_semaphore(decoys: Decoys) -> None:
    """Open a semaphore of another program."""
    checked(libc.semget(decoys.queue_key, 1, 0), "semget")


@probe(Layer.SECCOMP, Layer.RLIMITS, Layer.LANDLOCK)
def make_posix_queue(decoys: Decoys) -> None:
    """Make a POSIX message queue."""
    name = f"yimen-{os.getpid()}".encode()
    os.close(call("mq_open", name, os.O_CREAT | os.O_RDWR, 0o600, None))
    libc.mq_unlink(b"/" + name)


@probe(Layer.MOUNT, Layer.UID, Layer.LANDLOCK)
def take_release_socket(decoys: Decoys) -> None:
    """Put a socket of its own where the host reaches another release."""
    aside = decoys.release_socket.with_suffix(".old")
    decoys.release_socket.rename(aside)
    try:
        with socket.socket(socket.AF_UNIX) as own:
            own.bind(str(decoys.release_socket))
            decoys.release_socket.unlink()
    finally:
        aside.rename(decoys.release_socket)


PROBES = (
    connect_tcp, connect_tcp6, connect_multipath, listen_tcp, send_udp, listen_udp, forge_ip, sniff_packets,
    ask_routes, reach_hypervisor, use_kernel_ciphers, connect_abstract, lie_about_user, use_shared_segment,
    use_message_queue, use_semaphore, make_posix_queue, take_release_socket,
)  # fmt: skip
