"""Reads `miniapp.toml`. Either a `Manifest` comes out, or every fault at once, each with its line."""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from yimen_sdk.manifest.fault import Fault, ManifestError, Path, dotted
from yimen_sdk.manifest.kinds import (
    BY_TYPE,
    MISSING,
    MISSPELT,
    NOT_TOML,
    REPEATED,
    TOO_DEEP,
    TOO_LARGE,
    UNKNOWN,
    WRONG_VALUE,
    Unfit,
)  # fmt: skip
from yimen_sdk.manifest.lines import line_at, lines_of
from yimen_sdk.manifest.model import Manifest, ManifestFile
from yimen_sdk.saying import Kind

MAX_MANIFEST = 64 * 1024
"""Bytes. Ten times the longest we have written; it bounds the work of reading a hostile one."""

_UNIQUE = {
    "scopes": "name",
    "pages": "path",
    "network": "host",
    "notices": "id",
    "data": "id",
    "service_items": "code",
}
"""Lists whose entries are known by one key, which may not come twice."""

Raw = dict[str, Any]  # `Any`: what tomllib returns, before it is checked


def parse_manifest(
    text: str, *, distribution: str | None = None, version: str | None = None, module: str | None = None
) -> Manifest:
    """Read a manifest, and add what the distribution says.

    Raises ManifestError with all faults when the text is not TOML, has unknown or missing keys, or has a value
    that the platform cannot use.
    """
    raw, lines = _read(text)
    faults = set(_repeated(raw, lines))
    try:
        checked = ManifestFile.model_validate(raw)
    except ValidationError as error:
        details = error.errors(include_url=False)
        faults |= {_fault(detail, lines) for detail in details if not _is_an_echo(detail)}
    if faults:
        raise ManifestError(tuple(sorted(faults)))
    given = {name: getattr(checked, name) for name in checked.model_fields_set}
    return Manifest(**given, distribution=distribution, version=version, module=module)


def _read(text: str) -> tuple[Raw, Mapping[Path, int]]:
    if len(text.encode()) > MAX_MANIFEST:
        raise ManifestError((Fault.of(TOO_LARGE, 1, "", most=MAX_MANIFEST),))
    try:
        return tomllib.loads(text), lines_of(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError((_syntax_fault(str(error)),)) from error
    except RecursionError as error:
        raise ManifestError((Fault.of(TOO_DEEP, 1, ""),)) from error


def _syntax_fault(message: str) -> Fault:
    place = re.search(r"\s*\(at (?:line (\d+), column \d+|end of document)\)", message)
    line = int(place[1]) if place and place[1] else 1
    said = message[: place.start()] if place else message
    return Fault.of(NOT_TOML, line, "", why=said)


def _repeated(raw: Raw, lines: Mapping[Path, int]) -> Iterator[Fault]:
    for field, key in _UNIQUE.items():
        entries = raw.get(field)
        seen: set[str] = set()
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            value = entry.get(key) if isinstance(entry, dict) else None
            if isinstance(value, str) and value in seen:
                path = (field, index, key)
                yield Fault.of(REPEATED, line_at(lines, path), dotted(path), name=key, value=value, list=field)
            seen.add(str(value))


def _is_an_echo(detail: ErrorDetails) -> bool:
    """Tell whether Pydantic calls a list too short only because its entries were refused."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _fault(detail: ErrorDetails, lines: Mapping[Path, int]) -> Fault:
    path: Path = detail["loc"]
    kind, values = _kind(detail, path)
    return Fault.of(kind, line_at(lines, path), dotted(path), key=dotted(path), **values)


def _kind(detail: ErrorDetails, path: Path) -> tuple[Kind, Mapping[str, object]]:
    """Return what is wrong, and the values that it takes in besides the key."""
    about = detail.get("ctx", {})
    if detail["type"] == "missing":
        return MISSING, {}
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(path[-1]), _keys_at(path[:-1]), n=1, cutoff=0.6)
        return (MISSPELT, {"close": close[0]}) if close else (UNKNOWN, {})
    if isinstance(unfit := about.get("error"), Unfit):
        return unfit.kind, unfit.values
    kind = BY_TYPE.get(detail["type"])
    if kind and kind.places <= {"key", *about}:
        return kind, {name: about[name] for name in kind.places - {"key"}}
    return WRONG_VALUE, {"why": f"{detail['msg'][0].lower()}{detail['msg'][1:]}"}


def _keys_at(path: Path) -> list[str]:
    model: type[BaseModel] = ManifestFile
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model), None)
