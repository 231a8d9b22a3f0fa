"""Silver rules on the service: people know what it is, whom to ask, what is kept; one slow request hurts nobody."""

import ast
from collections.abc import Iterator

from yimen_sdk.manifest import Manifest
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import NothingToLookAt, silver
from yimen_sdk.rules.subject import Subject
from yimen_sdk.scopes import SCOPES, Sensitivity

_BLOCKING = frozenset(
    ["time.sleep", "input", "os.wait", "os.waitpid", "requests.get", "requests.post", "urllib.request.urlopen"]
)


@silver("Add the missing keys to miniapp.toml.")
def people_know_whom_to_ask(subject: Subject) -> Iterator[Finding]:
    """The manifest says what the service is, where to ask and where to complain."""
    manifest = subject.manifest
    for key in ("description", "contact", "complaint"):
        if getattr(manifest, key) is None:
            yield _missing(subject, f"{key!r} is missing")


@silver("Add [[icons]] with a picture of the package, at least 192 by 192 or scalable.")
def has_an_icon(subject: Subject) -> Iterator[Finding]:
    """The mini-app has an icon of its own."""
    if not subject.manifest.icons:
        yield _missing(subject, "there are no icons")


@silver("Add `licence` with an SPDX expression.")
def has_a_licence(subject: Subject) -> Iterator[Finding]:
    """The manifest says under which licence the code is."""
    if subject.manifest.licence is None:
        yield _missing(subject, "'licence' is missing")


@silver("Add [[data]]: what is kept, what for, and for how long; or `data = []` when nothing is.")
def says_what_it_keeps(subject: Subject) -> Iterator[Finding]:
    """A mini-app that reads personal data says what it keeps of it."""
    personal = _personal(subject.manifest)
    if not personal:
        raise NothingToLookAt("it asks for no personal data")
    if "data" not in subject.manifest.model_fields_set:
        yield _missing(subject, f"it asks for {', '.join(personal)} and declares no [[data]]")


@silver("Await the asynchronous form, such as `asyncio.sleep`, or use `asyncio.to_thread`.")
def requests_do_not_block(subject: Subject) -> Iterator[Finding]:
    """No request handler stops the process while it waits."""
    for source in subject.sources:
        for function in (node for node in source.nodes() if isinstance(node, ast.AsyncFunctionDef)):
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                if (name := source.meaning(call.func)) in _BLOCKING:
                    message = f"{name} stops every other resident's request"
                    yield Finding(path=source.path, line=call.lineno, message=message)


@silver("Keep it in the database, or in the resident's session.")
def residents_share_no_globals(subject: Subject) -> Iterator[Finding]:
    """No request leaves anything in a global variable, where the next resident could find it."""
    for source in subject.sources:
        for node in source.nodes():
            if isinstance(node, ast.Global):
                message = f"changes the global {', '.join(node.names)}"
                yield Finding(path=source.path, line=node.lineno, message=message)


def _personal(manifest: Manifest) -> list[str]:
    ordinary = Sensitivity.ORDINARY
    return sorted(name for name in manifest.scope_names if SCOPES[name].sensitivity is not ordinary)


def _missing(subject: Subject, message: str) -> Finding:
    return Finding(path=subject.manifest_name, line=1, message=message)
