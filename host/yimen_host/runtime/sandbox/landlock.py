"""Landlock: which paths a process may read and write, no TCP, no abstract sockets, no signals outwards."""

import errno
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from yimen_host.runtime.sandbox import kernel

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_ALL_OF_ABI_1 = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_NET_BIND_AND_CONNECT = 3
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3
_CREATE_VERSION = 1
_RULE_PATH_BENEATH = 1
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

_READ = _READ_FILE | _READ_DIR
# Everything in one's own data but to run it, make a device in it or drive a device.
_WRITE = (_ALL_OF_ABI_1 & ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK)) | _REFER | _TRUNCATE


def abi() -> int:
    """Return the version the kernel offers, 0 when it offers none."""
    try:
        return kernel.call("landlock_create_ruleset", None, 0, _CREATE_VERSION)
    except OSError:
        return 0


def restrict(*, readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Confine this process, for ever, to reading and writing below the given paths. Missing paths are left out."""
    version = abi()
    if version == 0:
        raise OSError(errno.ENOSYS, "landlock: not offered by this kernel")
    handled = _handled(version)
    network = _NET_BIND_AND_CONNECT if version >= 4 else 0
    scopes = _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
    attributes = struct.pack("=QQQ", handled, network, scopes)[: _attribute_size(version)]
    ruleset = kernel.call("landlock_create_ruleset", attributes, len(attributes), 0)
    try:
        for path in readable:
            _allow(ruleset, path, _READ & handled)
        for path in writable:
            _allow(ruleset, path, _WRITE & handled)
        kernel.call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, descriptor)
        kernel.call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def _handled(version: int) -> int:
    rights = _ALL_OF_ABI_1
    rights |= _REFER if version >= 2 else 0
    rights |= _TRUNCATE if version >= 3 else 0
    rights |= _IOCTL_DEV if version >= 5 else 0
    return rights


def _attribute_size(version: int) -> int:
    if version >= 6:
        return 24
    return 16 if version >= 4 else 8
