"""Reads the `.dist-info` directory: file name, METADATA, WHEEL and the entry points must say one thing."""

import configparser
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from importlib import metadata as installed

from packaging.metadata import InvalidMetadata, Metadata
from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from yimen_registry.wheel.curated import CURATED
from yimen_registry.wheel.refusal import WheelFault, WheelRefused, WheelRule

GROUP = "yimen.miniapps"
_PURE = "py3-none-any"


@dataclass(frozen=True)
class FileName:
    """What the name of the file says."""

    distribution: str
    """Normalised."""
    version: Version
    dist_info: str
    """The directory that the wheel must have."""


@dataclass(frozen=True)
class EntryPoint:
    """The one line that makes a wheel a mini-app: `greeting = "yimen_greeting"`."""

    name: str
    module: str


def read_file_name(name: str) -> FileName:
    """Take a wheel's file name apart. Raises WheelRefused when it is not that of a pure-Python wheel."""
    try:
        distribution, version, build, tags = parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise WheelRefused((WheelFault(WheelRule.FILE_NAME, str(error)),)) from error
    if build or {str(tag) for tag in tags} != {_PURE}:
        message = f"{name} is not a wheel for {_PURE}; mini-apps are pure Python"
        raise WheelRefused((WheelFault(WheelRule.FILE_NAME, message),))
    written_name, written_version = name.split("-")[:2]
    return FileName(distribution, version, f"{written_name}-{written_version}.dist-info")


def metadata_faults(metadata: Metadata, file_name: FileName) -> Iterator[WheelFault]:
    """Yield what METADATA says otherwise than the file name, and each dependency that cannot be met."""
    if canonicalize_name(metadata.name) != file_name.distribution or metadata.version != file_name.version:
        said = f"{metadata.name} {metadata.version}"
        yield WheelFault(WheelRule.IDENTITY, f"METADATA says {said}, the file name does not", "METADATA")
    python = metadata.requires_python
    if python is not None and not python.contains(platform.python_version(), prereleases=True):
        yield WheelFault(WheelRule.PYTHON, f"needs Python {python}; here is {platform.python_version()}")
    for requirement in metadata.requires_dist or ():
        yield from _dependency_faults(requirement)


def read_metadata(text: bytes) -> Metadata:
    """Parse METADATA. Raises WheelRefused with every breach of the core metadata specification."""
    try:
        return Metadata.from_email(text, validate=True)
    except ExceptionGroup as group:
        said = [_invalid(error) for error in group.exceptions]
        raise WheelRefused(tuple(WheelFault(WheelRule.METADATA, text, "METADATA") for text in said)) from group


def wheel_file_faults(text: str) -> Iterator[WheelFault]:
    """Yield what the file WHEEL should not say."""
    headers = HeaderParser().parsestr(text)
    if not str(headers["Wheel-Version"]).startswith("1."):
        yield WheelFault(WheelRule.WHEEL_FILE, "Wheel-Version is not 1.x", "WHEEL")
    if str(headers["Root-Is-Purelib"]).lower() != "true":
        yield WheelFault(WheelRule.WHEEL_FILE, "Root-Is-Purelib is not true", "WHEEL")
    if headers.get_all("Tag") != [_PURE]:
        yield WheelFault(WheelRule.WHEEL_FILE, f"the tag is not exactly {_PURE}", "WHEEL")


def read_entry_points(text: str) -> tuple[EntryPoint | None, tuple[WheelFault, ...]]:
    """Find the mini-app's entry point, and every entry point that has no business in a mini-app."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep case
    try:
        parser.read_string(text)
    except configparser.Error as error:
        return None, (WheelFault(WheelRule.ENTRY_POINT, f"cannot be read: {error}", "entry_points.txt"),)
    faults = [
        WheelFault(WheelRule.FOREIGN_ENTRY_POINT, f"group {group!r}", "entry_points.txt")
        for group in parser.sections()
        if group != GROUP
    ]
    entries = list(parser.items(GROUP)) if parser.has_section(GROUP) else []
    if len(entries) != 1:
        message = f"{len(entries)} entry points in group {GROUP}; a mini-app has exactly one"
        return None, (*faults, WheelFault(WheelRule.ENTRY_POINT, message, "entry_points.txt"))
    name, module = (part.strip() for part in entries[0])
    if not all(part.isidentifier() for part in module.split(".")):
        fault = WheelFault(WheelRule.ENTRY_POINT, f"{module!r} is not a package", "entry_points.txt")
        return None, (*faults, fault)
    return EntryPoint(name, module), tuple(faults)


def _dependency_faults(requirement: Requirement) -> Iterator[WheelFault]:
    name = canonicalize_name(requirement.name)
    if requirement.url:
        yield _dependency(f"{requirement.name} comes from an address of its own")
    if requirement.extras:
        yield _dependency(f"{requirement.name} asks for extras; the platform has what it has")
    if name not in CURATED:
        yield _dependency(f"{requirement.name} is not in the platform's set: {', '.join(sorted(CURATED))}")
    elif (version := _installed(name)) and not requirement.specifier.contains(version, prereleases=True):
        yield _dependency(f"needs {requirement}; the platform has {version}")


def _installed(name: str) -> str | None:
    try:
        return installed.version(name)
    except installed.PackageNotFoundError:
        return None


def _dependency(message: str) -> WheelFault:
    return WheelFault(WheelRule.DEPENDENCY, message, "METADATA")


def _invalid(error: Exception) -> str:
    return f"{error.field}: {error}" if isinstance(error, InvalidMetadata) else str(error)
