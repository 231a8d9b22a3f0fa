"""Inflates one member in small steps, never past the size it declared."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from yimen_registry.wheel.archive import STORED, Member
from yimen_registry.wheel.refusal import WheelFault, WheelRule

CHUNK = 64 * 1024
"""Bytes held at a time, packed and unpacked."""


class ContentLies(Exception):
    """The content does not have the size or the checksum that the headers declare."""

    def __init__(self, member: Member, message: str) -> None:
        self.fault = WheelFault(WheelRule.CONTENT, message, member.name)
        super().__init__(message)


def chunks(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """Yield the content of a member. Raises ContentLies as soon as it is not what was declared."""
    crc, size = 0, 0
    for chunk in _stored(file, member) if member.method == STORED else _deflated(file, member):
        size += len(chunk)
        if size > member.size:
            raise ContentLies(member, f"is longer than the {member.size} bytes it declares")
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if size != member.size or crc != member.crc:
        raise ContentLies(member, "does not have the size and checksum it declares")


def _stored(file: BinaryIO, member: Member) -> Iterator[bytes]:
    for at in range(0, member.packed, CHUNK):
        file.seek(member.data_at + at)
        yield file.read(min(CHUNK, member.packed - at))


def _deflated(file: BinaryIO, member: Member) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _stored(file, member):
            yield (chunk := inflater.decompress(packed, CHUNK))
            while inflater.unconsumed_tail and chunk:
                yield (chunk := inflater.decompress(inflater.unconsumed_tail, CHUNK))
        yield inflater.flush(CHUNK)
    except zlib.error as error:
        raise ContentLies(member, f"does not inflate: {error}") from error
    if not inflater.eof or inflater.unused_data or inflater.unconsumed_tail:
        raise ContentLies(member, "its deflated stream ends early, or hides bytes behind its end")
