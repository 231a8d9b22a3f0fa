"""Gold rules: others can read it, change it, and load it over a poor network."""

import ast
from collections.abc import Iterator

from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import NothingToLookAt, gold
from yimen_sdk.rules.source import Source
from yimen_sdk.rules.subject import Subject

MAX_LINES = 300
"""Lines of one Python file; longer ones hold a second idea."""
MAX_SCRIPT = 300 * 1024
"""Bytes of all scripts: what a cheap phone parses within a second."""
MAX_STATIC = 1536 * 1024
"""Bytes of everything under static/: fifteen seconds on a slow mobile network."""


@gold("Write the types of all parameters and of what is returned.")
def code_is_typed(subject: Subject) -> Iterator[Finding]:
    """Every function says which types it takes and returns."""
    for source, function in _functions(subject):
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        bare = [a.arg for a in arguments if a.annotation is None and a.arg not in {"self", "cls"}]
        if bare or function.returns is None:
            message = f"{function.name} lacks the types of {', '.join([*bare, *_returned(function)])}"
            yield Finding(path=source.path, line=function.lineno, message=message)


@gold("Say in one imperative sentence what it does.")
def code_is_documented(subject: Subject) -> Iterator[Finding]:
    """Every module and every public function and class has a docstring."""
    for source in subject.sources:
        if source.tree.body and not ast.get_docstring(source.tree):
            yield Finding(path=source.path, line=1, message="the module has no docstring")
        for node in source.nodes():
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and not ast.get_docstring(node):
                yield Finding(path=source.path, line=node.lineno, message=f"{node.name} has no docstring")


@gold("Look for the second idea in it, and give it a file of its own.")
def files_are_short(subject: Subject) -> Iterator[Finding]:
    """No Python file is longer than three hundred lines."""
    for path in subject.named("*.py"):
        lines = len(subject.text(path).splitlines())
        if lines > MAX_LINES:
            yield Finding(path=subject.name(path), line=MAX_LINES + 1, message=f"has {lines} lines")


@gold("Drop what is not needed; make pictures smaller.")
def pages_are_light(subject: Subject) -> Iterator[Finding]:
    """Scripts and pictures load over a poor network."""
    static = [path for path in subject.files if path.is_relative_to(subject.package / "static")]
    if not static:
        raise NothingToLookAt("there is nothing under static/")
    scripts = sum(path.stat().st_size for path in static if path.suffix == ".js")
    everything = sum(path.stat().st_size for path in static)
    name = subject.name(subject.package / "static")
    if scripts > MAX_SCRIPT:
        yield Finding(path=name, line=1, message=f"the scripts have {scripts} bytes; at most {MAX_SCRIPT}")
    if everything > MAX_STATIC:
        yield Finding(path=name, line=1, message=f"static/ has {everything} bytes; at most {MAX_STATIC}")


def _functions(subject: Subject) -> Iterator[tuple[Source, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for source in subject.sources:
        for node in source.nodes():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield source, node


def _returned(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [] if function.returns else ["its result"]
