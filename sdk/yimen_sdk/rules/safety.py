"""Bronze rules on code: nothing that leaves the sandbox, hides what it does, or reaches around the platform.

The sandbox is the boundary. These rules keep honest code away from it, and make dishonest code stand out.
"""

import ast
import sys
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from yimen_sdk.rules.forbidden import (
    DYNAMIC,
    DYNAMIC_MODULES,
    DYNAMIC_NAMES,
    HARMLESS_MODULES,
    NAMED_ACCESS,
    NATIVE,
    NETWORK,
    NETWORK_CALLS,
    PLATFORM_MODULES,
    PROCESS_CALLS,
    PROCESS_ENDINGS,
    PROCESS_PREFIXES,
    PROCESSES,
)
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import bronze
from yimen_sdk.rules.source import Source
from yimen_sdk.rules.subject import Subject


@bronze("Correct the syntax; the platform runs Python 3.11 and later.")
def code_can_be_read(subject: Subject) -> Iterator[Finding]:
    """Every Python file can be parsed, so that every other rule sees it."""
    for name, source in subject.parsed:
        if isinstance(source, str):
            yield Finding(path=name, line=1, message=source)


@bronze("Call other services with `request.host.network.fetch` and name their hosts under [[network]].")
def no_network_of_its_own(subject: Subject) -> Iterator[Finding]:
    """The network is reached through the platform only."""
    for source in subject.sources:
        yield from _imports_of(source, NETWORK, "opens connections by itself; a release has no network")
        for name, node in source.references():
            if "." in name and name.rpartition(".")[2] in NETWORK_CALLS:
                yield _at(source, node, f"{name} opens connections by itself; a release has no network")


@bronze("Write it in Python, or ask the platform for what is missing.")
def no_native_code(subject: Subject) -> Iterator[Finding]:
    """No machine code is loaded."""
    for source in subject.sources:
        yield from _imports_of(source, NATIVE, "reaches below Python, where nothing can be reviewed")


@bronze("Do the work in the request, in a task, or in an event handler.")
def no_processes(subject: Subject) -> Iterator[Finding]:
    """No process is started, and no signal handled."""
    for source in subject.sources:
        yield from _imports_of(source, PROCESSES, "starts processes")
        for name, node in source.references():
            ending = name.rpartition(".")[2]
            if name in PROCESS_CALLS or ending in PROCESS_ENDINGS or name.startswith(PROCESS_PREFIXES):
                yield _at(source, node, f"{name} starts or signals a process")


@bronze("Write the code out; look values up in a dictionary instead of building names.")
def no_hidden_code(subject: Subject) -> Iterator[Finding]:
    """What runs is what the reviewer reads: no code from strings, bytes or frames."""
    for source in subject.sources:
        yield from _imports_of(source, DYNAMIC_MODULES, "turns data into code, or reaches into Python itself")
        for name, line in source.imports():
            if name.endswith(".*"):
                yield Finding(path=source.path, line=line, message=f"from {name[:-2]} import * hides what is used")
        for name, node in source.references():
            if name.removeprefix("builtins.") in DYNAMIC:
                yield _at(source, node, f"{name} turns data into code, or reaches into Python itself")
        for name, call in source.calls():
            at = 0 if name.startswith("operator.") else 1
            if name in NAMED_ACCESS and not _is_text(call.args[at : at + 1]):
                yield _at(source, call, f"{name} with a name that is computed")
        for part in source.nodes():
            if (written := _written(part)) in DYNAMIC_NAMES:
                yield _at(source, part, f"{written!r} reaches into Python itself")


@bronze("Name the distribution under `dependencies` in pyproject.toml; only the platform's libraries are there.")
def imports_are_declared(subject: Subject) -> Iterator[Finding]:
    """Every import is the standard library, the mini-app itself, or a declared dependency."""
    own = (subject.manifest.module or "").split(".")[0]
    declared = {own, "yimen_sdk", *_declared_packages(subject)}
    for source in subject.sources:
        for name, line in source.imports():
            top = name.split(".")[0]
            if top in PLATFORM_MODULES:
                yield Finding(path=source.path, line=line, message=f"{top} is the platform's own; use the SDK")
            elif top not in declared and top not in sys.stdlib_module_names:
                yield Finding(path=source.path, line=line, message=f"{top} is not a declared dependency")


def _declared_packages(subject: Subject) -> Iterator[str]:
    for text in subject.requires:
        try:
            name = canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            continue
        yield name.replace("-", "_")
        yield name.removeprefix("python-").replace("-", "_")


def _imports_of(source: Source, modules: frozenset[str], why: str) -> Iterator[Finding]:
    reported: set[tuple[str, int]] = set()
    for name, line in source.imports():
        parts = name.split(".")
        harmless = name.startswith(HARMLESS_MODULES)
        for module in {".".join(parts[:count]) for count in range(1, len(parts) + 1)} & modules:
            if not harmless and (module, line) not in reported:
                reported.add((module, line))
                yield Finding(path=source.path, line=line, message=f"{module} {why}")


def _written(node: ast.AST) -> str | None:
    """Return the name or the text that a node writes out."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Constant(value=str(text)):
            return text
        case _:
            return None


def _is_text(arguments: list[ast.expr]) -> bool:
    return bool(arguments) and isinstance(arguments[0], ast.Constant) and isinstance(arguments[0].value, str)


def _at(source: Source, node: ast.AST, message: str) -> Finding:
    return Finding(path=source.path, line=getattr(node, "lineno", 1), message=message)
