"""Attacks on what a worker inherits by being forked: it reads all its own memory for what others know."""

import ctypes
import gc
import hashlib
import os
from collections.abc import Iterator

from yimen_host.runtime.probes.numbers import libc, stopped
from yimen_host.runtime.probes.probe import Decoys, probe
from yimen_host.runtime.sandbox.guards import Guard

MARK, LENGTH = b"yimen-bait-", 43
"""How a bait begins, and how long it is."""
_AT_EXECFN = 31
"""The entry of getauxval(3) that lies behind the environment, where the stack began."""
_PAGE, _CHUNK = 4096, 65536
_MOST_CHUNKS = 16384
"""A gibibyte: more than a worker may have."""


@probe(Guard.CLEAN_ZYGOTE)
def find_host_secret_in_memory(decoys: Decoys) -> None:
    """Find in its own memory what the supervisor knows."""
    _search(decoys.baits[0])


@probe(Guard.CLEAN_ZYGOTE)
def find_foreign_secret_in_memory(decoys: Decoys) -> None:
    """Find in its own memory what another worker was told."""
    _search(decoys.baits[1])


def _search(digest: str) -> None:
    """Only the digest is known, so that what is found is not what was asked for."""
    for text in _memory():
        at = text.find(MARK)
        while at >= 0:
            if hashlib.sha256(text[at : at + LENGTH]).hexdigest() == digest:
                return
            at = text.find(MARK, at + 1)
    raise stopped("nothing of it is there")


def _memory() -> Iterator[bytes]:
    """Read everything mapped around the stack, the heap and every object, each piece with the end of the one before."""
    reader, writer = os.pipe()
    seen: set[int] = set()
    for seed in _seeds():
        chunk = seed
        while chunk not in seen and _read(chunk, reader, writer):
            chunk -= 1
        before, chunk = b"", chunk + 1
        while chunk not in seen and len(seen) < _MOST_CHUNKS and (text := _read(chunk, reader, writer)):
            seen.add(chunk)
            yield before + text
            before, chunk = text[-LENGTH:], chunk + 1
    os.close(reader)
    os.close(writer)


def _seeds() -> set[int]:
    """Return chunks that are known to be in use."""
    for function in (libc.getauxval, libc.sbrk):
        function.restype = ctypes.c_void_p
    known = {libc.getauxval(ctypes.c_ulong(_AT_EXECFN)), libc.sbrk(0), ctypes.addressof(ctypes.c_char())}
    known.update(map(id, gc.get_objects()))
    return {address // _CHUNK for address in known if address}


def _read(chunk: int, reader: int, writer: int) -> bytes:
    """Read a chunk of memory; the kernel reads it for us, and says of pages that are not there that they are not."""
    text = bytearray()
    offset = 0
    while offset < _CHUNK:
        written = libc.write(writer, ctypes.c_void_p(chunk * _CHUNK + offset), _CHUNK - offset)
        if written > 0:
            text += os.read(reader, _CHUNK)
        offset += max(written, _PAGE)
    return bytes(text)


PROBES = (find_host_secret_in_memory, find_foreign_secret_in_memory)
