"""Attacks on files: the host's, another mini-app's, the code's, the machine's."""

import ctypes
import os
import socket
import stat
from pathlib import Path

from yimen_host.runtime.probes.numbers import call, checked, libc, stopped
from yimen_host.runtime.probes.probe import Decoys, probe
from yimen_host.runtime.sandbox.layers import Layer


@probe(Layer.MOUNT, Layer.LANDLOCK)
def read_host_file(decoys: Decoys) -> None:
    """Read a file of the host by its path."""
    decoys.secret.read_bytes()


@probe(Layer.MOUNT, Layer.LANDLOCK, Layer.UID)
def read_private_file(decoys: Decoys) -> None:
    """Read a file that belongs to the host's account alone."""
    decoys.private.read_bytes()


@probe(Layer.MOUNT, Layer.LANDLOCK)
def write_host_file(decoys: Decoys) -> None:
    """Write into a file of the host."""
    with decoys.secret.open("r+b") as file:
        file.write(b"x")


@probe(Layer.MOUNT, Layer.LANDLOCK)
def read_accounts(decoys: Decoys) -> None:
    """Read the machine's list of accounts."""
    Path("/etc/passwd").read_bytes()


@probe(Layer.MOUNT, Layer.LANDLOCK)
def list_machine_root(decoys: Decoys) -> None:
    """List the machine's root directory."""
    if "proc" not in os.listdir("/"):
        raise stopped("a root of its own")


@probe(Layer.MOUNT)
def learn_that_file_exists(decoys: Decoys) -> None:
    """Ask for the size and times of a file of the host."""
    os.stat(decoys.secret)


@probe(Layer.MOUNT, Layer.LANDLOCK)
def read_foreign_data(decoys: Decoys) -> None:
    """Read another mini-app's data."""
    (decoys.foreign / "note").read_bytes()


@probe(Layer.MOUNT, Layer.LANDLOCK)
def write_foreign_data(decoys: Decoys) -> None:
    """Put a file into another mini-app's data."""
    planted = decoys.foreign / "planted"
    planted.write_bytes(b"x")
    planted.unlink()


@probe(Layer.MOUNT)
def touch_foreign_file(decoys: Decoys) -> None:
    """Change the times of another mini-app's file."""
    os.utime(decoys.foreign / "note")


@probe(Layer.MOUNT, Layer.SECCOMP)
def label_foreign_file(decoys: Decoys) -> None:
    """Set an extended attribute on another mini-app's file."""
    call("setxattr", os.fsencode(decoys.foreign / "note"), b"user.yimen", b"x", 1, 0)


@probe(Layer.MOUNT)
def watch_foreign_data(decoys: Decoys) -> None:
    """Be told of every change in another mini-app's data."""
    watch = checked(libc.inotify_init(), "inotify_init")
    checked(libc.inotify_add_watch(watch, os.fsencode(decoys.foreign), 2), "inotify_add_watch")


@probe(Layer.MOUNT, Layer.LANDLOCK)
def read_through_link(decoys: Decoys) -> None:
    """Read a file of the host through a symbolic link in its own data."""
    link = decoys.data / "way-out"
    link.unlink(missing_ok=True)
    link.symlink_to(decoys.secret)
    try:
        link.read_bytes()
    finally:
        link.unlink()


@probe(Layer.MOUNT, Layer.LANDLOCK)
def read_by_dots(decoys: Decoys) -> None:
    """Read a file of the host by climbing out of its own data."""
    way = os.path.relpath(decoys.secret, "/")
    (decoys.data / "/".join([".."] * 40) / way).read_bytes()


@probe(Layer.MOUNT, Layer.LANDLOCK)
def adopt_host_file(decoys: Decoys) -> None:
    """Make a hard link to a file of the host in its own data."""
    link = decoys.data / "adopted"
    os.link(decoys.secret, link)
    link.unlink()


@probe(Layer.SECCOMP, Layer.UID, Layer.DUMPABLE)
def open_by_handle(decoys: Decoys) -> None:
    """Open a file of the host by its handle, which needs no path."""
    if not decoys.handle:
        raise OSError(95, "no handles on this file system")
    root = os.open(decoys.data, os.O_RDONLY)
    os.read(call("open_by_handle_at", root, bytes.fromhex(decoys.handle), os.O_RDONLY), 1)


@probe(Layer.MOUNT, Layer.LANDLOCK, Layer.UID)
def change_own_code(decoys: Decoys) -> None:
    """Change the code that was reviewed."""
    with (decoys.tree / "code.py").open("r+b") as file:
        file.write(b"#")


@probe(Layer.MOUNT, Layer.LANDLOCK, Layer.UID)
def change_library(decoys: Decoys) -> None:
    """Open a library of every mini-app for writing."""
    with open(os.__file__, "r+b"):
        pass


@probe(Layer.MOUNT, Layer.LANDLOCK)
def list_processes(decoys: Decoys) -> None:
    """List the machine's processes."""
    os.listdir("/proc")


@probe(Layer.MOUNT, Layer.LANDLOCK, Layer.UID)
def open_kernel_setting(decoys: Decoys) -> None:
    """Open a setting of the kernel for writing."""
    os.close(os.open("/proc/sys/kernel/hostname", os.O_WRONLY))


@probe(Layer.MOUNT, Layer.LANDLOCK)
def read_hardware(decoys: Decoys) -> None:
    """Read what the machine tells about its kernel and devices."""
    os.listdir("/sys/kernel")


@probe(Layer.MOUNT, Layer.LANDLOCK)
def use_shared_memory_file(decoys: Decoys) -> None:
    """Write into a file in the machine's shared memory."""
    with decoys.shared_file.open("r+b") as file:
        file.write(b"x")


@probe(Layer.MOUNT, Layer.LANDLOCK, Layer.UID)
def leave_control_group(decoys: Decoys) -> None:
    """Move itself out of its control group."""
    if decoys.control_group is None:
        raise OSError(95, "no control groups")
    with decoys.control_group.open("r+b"):
        pass


@probe(Layer.SECCOMP, Layer.UID, Layer.DUMPABLE, Layer.LANDLOCK)
def make_device(decoys: Decoys) -> None:
    """Make the device of a disk in its own data."""
    device = decoys.data / "disk"
    call("mknodat", -100, os.fsencode(device), stat.S_IFBLK | 0o600, os.makedev(7, 0))
    device.unlink()


@probe(Layer.SECCOMP, Layer.UID, Layer.DUMPABLE)
def change_root(decoys: Decoys) -> None:
    """Change its root directory."""
    os.chroot("/")


@probe(Layer.SECCOMP, Layer.UID, Layer.DUMPABLE, Layer.LANDLOCK)
def mount_file_system(decoys: Decoys) -> None:
    """Mount a file system over its own data."""
    call("mount", b"none", os.fsencode(decoys.data), b"tmpfs", 0, None)
    libc.umount2(os.fsencode(decoys.data), 2)


@probe(Layer.SECCOMP, Layer.UID, Layer.DUMPABLE)
def prepare_file_system(decoys: Decoys) -> None:
    """Begin a mount by the newer calls."""
    os.close(call("fsopen", b"tmpfs", 0))


@probe(Layer.MOUNT)
def load_own_machine_code(decoys: Decoys) -> None:
    """Load a native library that it wrote itself, which nobody has reviewed."""
    import httptools.parser.parser as known

    library = decoys.data / "own.so"
    library.write_bytes(Path(known.__file__).read_bytes())
    try:
        ctypes.CDLL(str(library))
    finally:
        library.unlink()


@probe(Layer.MOUNT)
def use_open_socket(decoys: Decoys) -> None:
    """Connect to a unix socket that some program opened to every account."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(decoys.open_socket))


@probe(Layer.MOUNT, Layer.UID)
def use_foreign_platform_socket(decoys: Decoys) -> None:
    """Speak to the platform as another mini-app."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(decoys.foreign_socket))


PROBES = (
    read_host_file, read_private_file, write_host_file, read_accounts, list_machine_root, learn_that_file_exists,
    read_foreign_data, write_foreign_data, touch_foreign_file, label_foreign_file, watch_foreign_data,
    read_through_link, read_by_dots, adopt_host_file, open_by_handle, change_own_code, change_library, list_processes,
    open_kernel_setting, read_hardware, use_shared_memory_file, leave_control_group, make_device, change_root,
    mount_file_system, prepare_file_system, load_own_machine_code, use_open_socket, use_foreign_platform_socket,
)  # fmt: skip
