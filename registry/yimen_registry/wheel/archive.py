"""Reads the skeleton of a ZIP archive: every header, and that nothing lies between them. It inflates nothing."""

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from yimen_registry.wheel.limits import Limits
from yimen_registry.wheel.refusal import WheelFault, WheelRefused, WheelRule

STORED, DEFLATED = 0, 8

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_UTF8 = 0x800
_HARMLESS_FLAGS = _UTF8 | 0x6  # bits 1 and 2 only tell how hard the deflater tried
_HARMLESS_EXTRAS = {0x5455, 0x7875}  # time stamps; numeric Unix owner
_UNIX = 3
_MAX_DIRECTORY = 1024
"""Bytes of one central header with its name: bounds what is read before the member count is believed."""


@dataclass(frozen=True)
class Member:
    """One file of the archive, as its two headers agree on it."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    data_at: int


@dataclass(frozen=True)
class _Central:
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    extra: bytes
    comment: int
    system: int
    attributes: int
    at: int

    @property
    def shown(self) -> str:
        return self.name.decode(errors="replace")


def read_members(file: BinaryIO, limits: Limits) -> tuple[tuple[Member, ...], tuple[WheelFault, ...]]:
    """Return the members that can be read, and every fault of the archive's form.

    Raises WheelRefused at once when there is no directory to read on from.
    """
    directory_at, headers = _directory(file, limits)
    faults: list[WheelFault] = []
    members: list[Member] = []
    at = 0
    for header in sorted(headers, key=lambda header: header.at):
        faults += _header_faults(header)
        if header.at != at:
            faults.append(_fault(WheelRule.LAYOUT, "does not begin where the member before it ends", header))
        data_at, local_faults = _local(file, header)
        faults += local_faults
        at = data_at + header.packed
        if not local_faults and header.method in {STORED, DEFLATED}:
            members.append(_member(header, data_at))
    if at != directory_at:
        faults.append(WheelFault(WheelRule.LAYOUT, "there are bytes between the members and the directory"))
    faults += _bombs(headers, limits)
    return tuple(members), tuple(faults)


def _directory(file: BinaryIO, limits: Limits) -> tuple[int, list[_Central]]:
    length = file.seek(0, 2)
    if length > limits.archive:
        raise _refused(WheelRule.TOO_LARGE, f"{length} bytes; at most {limits.archive} are taken")
    file.seek(max(0, length - _END.size))
    end = file.read(_END.size)
    if len(end) < _END.size or not end.startswith(b"PK\5\6"):
        raise _refused(WheelRule.NOT_A_ZIP, "the file does not end in a plain ZIP end record")
    _, disk, first_disk, here, count, size, at, comment = _END.unpack(end)
    if disk or first_disk or here != count or comment or at + size + _END.size != length:
        raise _refused(WheelRule.NOT_A_ZIP, "the end record does not describe this one file")
    if count > limits.files:
        raise _refused(WheelRule.TOO_MANY, f"{count} members; at most {limits.files} are taken")
    if size > count * _MAX_DIRECTORY:
        raise _refused(WheelRule.CHARACTERS, "the directory is longer than its names may be")
    file.seek(at)
    return at, list(_headers(file.read(size), count))


def _headers(directory: bytes, count: int) -> Iterator[_Central]:
    at = 0
    for _ in range(count):
        if len(directory) < at + _CENTRAL.size or directory[at : at + 4] != b"PK\1\2":
            raise _refused(WheelRule.NOT_A_ZIP, "the directory ends too early")
        (_, made, _, flags, method, _, _, crc, packed, size, name_n, extra_n, comment_n, disk, _, attributes, place) = (
            _CENTRAL.unpack_from(directory, at)
        )
        at += _CENTRAL.size
        name, extra = directory[at : at + name_n], directory[at + name_n : at + name_n + extra_n]
        at += name_n + extra_n + comment_n
        if at > len(directory) or disk:
            raise _refused(WheelRule.NOT_A_ZIP, "the directory ends too early or spans disks")
        yield _Central(name, flags, method, crc, packed, size, extra, comment_n, made >> 8, attributes, place)
    if at != len(directory):
        raise _refused(WheelRule.NOT_A_ZIP, "the directory holds more than its members")


def _header_faults(header: _Central) -> Iterator[WheelFault]:
    if header.flags & ~_HARMLESS_FLAGS:
        yield _fault(WheelRule.FLAGS, f"flags 0x{header.flags:04x}: only UTF-8 names are allowed", header)
    if header.method not in {STORED, DEFLATED}:
        yield _fault(WheelRule.METHOD, f"compression method {header.method}", header)
    if header.comment:
        yield _fault(WheelRule.COMMENT, "has a comment", header)
    if not _decodes(header):
        yield _fault(WheelRule.CHARACTERS, "the name is not ASCII, and not marked as UTF-8", header)
    if set(_extra_ids(header.extra)) - _HARMLESS_EXTRAS:
        yield _fault(WheelRule.EXTRA, "has an extra field that readers differ about", header)
    kind = stat.S_IFMT(header.attributes >> 16) if header.system == _UNIX else 0
    is_directory = header.name.endswith(b"/")
    if kind not in {0, stat.S_IFDIR if is_directory else stat.S_IFREG} or (is_directory and header.size):
        yield _fault(WheelRule.NOT_A_FILE, "is a link, a device, or a directory with content", header)


def _local(file: BinaryIO, header: _Central) -> tuple[int, tuple[WheelFault, ...]]:
    """Return where the content begins, and whether the local header agrees."""
    file.seek(header.at)
    fixed = file.read(_LOCAL.size)
    if len(fixed) < _LOCAL.size or not fixed.startswith(b"PK\3\4"):
        return header.at, (_fault(WheelRule.HEADERS_DISAGREE, "has no local header", header),)
    _, _, flags, method, _, _, crc, packed, size, name_n, extra_n = _LOCAL.unpack(fixed)
    name = file.read(name_n)
    extra = file.read(extra_n)
    data_at = header.at + _LOCAL.size + name_n + extra_n
    said = (name, flags, method, crc, packed, size)
    if said != (header.name, header.flags, header.method, header.crc, header.packed, header.size):
        return data_at, (_fault(WheelRule.HEADERS_DISAGREE, "its two headers disagree", header),)
    if set(_extra_ids(extra)) - _HARMLESS_EXTRAS:
        return data_at, (_fault(WheelRule.EXTRA, "has an extra field that readers differ about", header),)
    return data_at, ()


def _extra_ids(extra: bytes) -> Iterator[int]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        yield kind
        at += 4 + length
    if at != len(extra):
        yield -1


def _decodes(header: _Central) -> bool:
    try:
        header.name.decode("utf-8" if header.flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        return False
    return True


def _member(header: _Central, data_at: int) -> Member:
    return Member(header.shown, header.method, header.crc, header.packed, header.size, data_at)


def _bombs(headers: list[_Central], limits: Limits) -> Iterator[WheelFault]:
    packed, size = sum(header.packed for header in headers), sum(header.size for header in headers)
    if size > limits.unpacked:
        yield WheelFault(WheelRule.BOMB, f"unpacks to {size} bytes; at most {limits.unpacked} are taken")
    elif size > limits.ratio_from and size > packed * limits.ratio:
        yield WheelFault(WheelRule.BOMB, f"unpacks to more than {limits.ratio} times its size")


def _fault(rule: WheelRule, message: str, header: _Central) -> WheelFault:
    return WheelFault(rule, message, header.shown)


def _refused(rule: WheelRule, message: str) -> WheelRefused:
    return WheelRefused((WheelFault(rule, message),))
