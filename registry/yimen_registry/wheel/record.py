"""Compares RECORD with the files that are really there, both ways."""

import base64
import binascii
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yimen_registry.wheel.refusal import WheelFault, WheelRule


@dataclass(frozen=True)
class Unpacked:
    """What the reader saw of one file while it wrote it."""

    sha256: str
    size: int


def record_faults(record: str, name: str, files: Mapping[str, Unpacked]) -> Iterator[WheelFault]:
    """Yield every difference between RECORD (the file `name`) and the files."""
    seen: set[str] = set()
    for row in _rows(record):
        if len(row) != 3:
            yield _fault("a line of RECORD does not have three columns", row[0])
            continue
        path, digest, size = row
        if path in seen:
            yield _fault("is in RECORD twice", path)
        seen.add(path)
        if path not in files:
            yield _fault("is in RECORD but not in the wheel", path)
        elif path != name:
            yield from _entry_faults(path, digest, size, files[path])
    for path in sorted(files.keys() - seen):
        yield _fault("is in the wheel but not in RECORD", path)


def _rows(record: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(io.StringIO(record)) if row]
    except csv.Error:
        return [[""]]


def _entry_faults(path: str, digest: str, size: str, file: Unpacked) -> Iterator[WheelFault]:
    if _sha256(digest) != file.sha256:
        yield _fault("its SHA-256 is not the one in RECORD", path)
    if size != str(file.size):
        yield _fault("its size is not the one in RECORD", path)


def _sha256(digest: str) -> str:
    algorithm, _, encoded = digest.partition("=")
    try:
        decoded = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (binascii.Error, ValueError):
        return ""
    return decoded.hex() if algorithm == "sha256" else ""


def _fault(message: str, path: str) -> WheelFault:
    return WheelFault(WheelRule.RECORD, message, path)
