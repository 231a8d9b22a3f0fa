"""Reads a wheel exactly once: what it unpacks here is what is hashed, reviewed and run. It never imports it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata as installed
from pathlib import Path
from typing import BinaryIO

from packaging.metadata import Metadata

from yimen_registry.wheel.archive import Member, read_members
from yimen_registry.wheel.code import HEAD, file_faults, layout_faults
from yimen_registry.wheel.distinfo import (
    EntryPoint,
    FileName,
    metadata_faults,
    read_entry_points,
    read_file_name,
    read_metadata,
    wheel_file_faults,
)
from yimen_registry.wheel.inflate import ContentLies, chunks
from yimen_registry.wheel.limits import Limits
from yimen_registry.wheel.names import is_safe, name_faults
from yimen_registry.wheel.record import Unpacked, record_faults
from yimen_registry.wheel.refusal import WheelFault, WheelRefused, WheelRule
from yimen_registry.wheel.tree import digest_of
from yimen_sdk.manifest import Manifest, ManifestError, parse_manifest

MAX_TEXT = 256 * 1024
"""Bytes of a metadata file; a README of 200 pages fits."""


@dataclass(frozen=True)
class Wheel:
    """What is known of a wheel that broke no rule."""

    file_name: str
    distribution: str
    version: str
    app_id: str
    module: str
    manifest: Manifest
    metadata: bytes
    requires_python: str | None
    tree_digest: str
    files: Mapping[str, str]
    """SHA-256 by path."""


def read_wheel(path: Path, file_name: str, into: Path, limits: Limits | None = None) -> Wheel:
    """Unpack the wheel at `path` into the empty directory `into` and say what it is.

    Raises WheelRefused with every rule that the wheel breaks. What was written to `into` by then is the caller's
    to remove.
    """
    name = read_file_name(file_name)
    with path.open("rb") as file:
        return _Reading(name, file_name, into, limits or Limits()).run(file)


class _Reading:
    """One wheel on its way through the rules."""

    def __init__(self, name: FileName, file_name: str, into: Path, limits: Limits) -> None:
        self.name = name
        self.file_name = file_name
        self.into = into
        self.limits = limits
        self.faults: list[WheelFault] = []
        self.files: dict[str, Unpacked] = {}

    def run(self, file: BinaryIO) -> Wheel:
        members, faults = read_members(file, self.limits)
        self.faults += faults
        self.faults += name_faults([member.name for member in members], self.limits)
        self._stop_if(WheelRule.BOMB, WheelRule.DUPLICATE, WheelRule.LAYOUT)
        for member in members:
            self._unpack(file, member)
        self.faults += layout_faults([member.name for member in members], self.name.dist_info)
        metadata = self._metadata()
        manifest = self._manifest(self._entry_point(), metadata)
        if self.faults or metadata is None or manifest is None:
            raise WheelRefused(tuple(dict.fromkeys(self.faults)))
        return self._wheel(metadata, manifest)

    def _stop_if(self, *rules: WheelRule) -> None:
        """Refuse now: reading on would cost too much, or has no one meaning."""
        if any(fault.rule in rules for fault in self.faults):
            raise WheelRefused(tuple(dict.fromkeys(self.faults)))

    def _unpack(self, file: BinaryIO, member: Member) -> None:
        if member.name.endswith("/") or not is_safe(member.name, self.limits):
            return
        target = self.into / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, head, size = hashlib.sha256(), b"", 0
        try:
            with target.open("xb") as out:
                for chunk in chunks(file, member):
                    digest.update(chunk)
                    head = head or chunk[:HEAD]
                    size += len(chunk)
                    out.write(chunk)
        except ContentLies as error:
            self.faults.append(error.fault)
        self.files[member.name] = Unpacked(digest.hexdigest(), size)
        self.faults += file_faults(member.name, head)

    def _metadata(self) -> Metadata | None:
        self._check(WheelRule.WHEEL_FILE, "WHEEL", wheel_file_faults)
        record = f"{self.name.dist_info}/RECORD"
        self._check(WheelRule.RECORD, "RECORD", lambda text: record_faults(text, record, self.files))
        text = self._text(WheelRule.METADATA, f"{self.name.dist_info}/METADATA")
        if text is None:
            return None
        try:
            metadata = read_metadata(text.encode())
        except WheelRefused as refused:
            self.faults += refused.faults
            return None
        self.faults += metadata_faults(metadata, self.name)
        return metadata

    def _entry_point(self) -> EntryPoint | None:
        text = self._text(WheelRule.ENTRY_POINT, f"{self.name.dist_info}/entry_points.txt")
        if text is None:
            return None
        entry_point, faults = read_entry_points(text)
        self.faults += faults
        if entry_point and f"{_directory(entry_point)}/__init__.py" not in self.files:
            message = f"{entry_point.module!r} is not a package of this wheel"
            self.faults.append(WheelFault(WheelRule.ENTRY_POINT, message, "entry_points.txt"))
            return None
        return entry_point

    def _manifest(self, entry_point: EntryPoint | None, metadata: Metadata | None) -> Manifest | None:
        if entry_point is None:
            return None
        path = f"{_directory(entry_point)}/miniapp.toml"
        text = self._text(WheelRule.MANIFEST, path)
        if text is None:
            return None
        try:
            manifest = parse_manifest(
                text,
                distribution=self.name.distribution,
                version=str(metadata.version if metadata else self.name.version),
                module=entry_point.module,
            )
        except ManifestError as error:
            self.faults += [
                WheelFault(WheelRule.MANIFEST, f"{fault} / {fault.tell('zh')}", path) for fault in error.faults
            ]
            return None
        self.faults += _manifest_faults(manifest, entry_point, path)
        return manifest

    def _check(self, rule: WheelRule, name: str, faults: Callable[[str], Iterator[WheelFault]]) -> None:
        text = self._text(rule, f"{self.name.dist_info}/{name}")
        if text is not None:
            self.faults += faults(text)

    def _text(self, rule: WheelRule, name: str) -> str | None:
        file = self.files.get(name)
        if file is None or file.size > MAX_TEXT:
            message = "is missing" if file is None else f"is longer than {MAX_TEXT} bytes"
            self.faults.append(WheelFault(rule, message, name))
            return None
        try:
            return (self.into / name).read_text("utf-8")
        except UnicodeDecodeError:
            self.faults.append(WheelFault(rule, "is not UTF-8 text", name))
            return None

    def _wheel(self, metadata: Metadata, manifest: Manifest) -> Wheel:
        hashes = {name: file.sha256 for name, file in self.files.items()}
        return Wheel(
            file_name=self.file_name,
            distribution=self.name.distribution,
            version=str(metadata.version),
            app_id=manifest.id,
            module=manifest.module or "",
            manifest=manifest,
            metadata=(self.into / self.name.dist_info / "METADATA").read_bytes(),
            requires_python=str(metadata.requires_python) if metadata.requires_python else None,
            tree_digest=digest_of(hashes),
            files=hashes,
        )


def _manifest_faults(manifest: Manifest, entry_point: EntryPoint, path: str) -> Iterator[WheelFault]:
    if manifest.id != entry_point.name:
        message = f"the manifest says {manifest.id!r}, the entry point {entry_point.name!r}"
        yield WheelFault(WheelRule.APP_ID, message, path)
    sdk = installed.version("yimen-sdk")
    if not manifest.works_with(sdk):
        message = f"the manifest wants SDK {manifest.sdk}; this platform has {sdk}"
        yield WheelFault(WheelRule.SDK_RANGE, message, path)


def _directory(entry_point: EntryPoint) -> str:
    return entry_point.module.replace(".", "/")
