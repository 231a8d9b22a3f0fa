"""Bronze rules on the manifest against the code: what is used is declared, what is declared is used."""

import ast
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from yimen_sdk.events import EVENTS
from yimen_sdk.manifest import Manifest, Side
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import NothingToLookAt, bronze
from yimen_sdk.rules.source import Source
from yimen_sdk.rules.subject import Subject

_USES: Mapping[str, re.Pattern[str]] = {
    "identity.name": re.compile(r"\b(resident|visitor)\.name\b"),
    "identity.id_number": re.compile(r"\b(resident|visitor)\.id_number\b"),
    "identity.phone": re.compile(r"\b(resident|visitor)\.phone\b"),
    "identity.region": re.compile(r"\b(resident|visitor)\.region\b"),
    "identity.age": re.compile(r"\b(resident|visitor)\.age\b"),
    "payments.order": re.compile(r"\bpayments\.(open_order|order|fulfil|cancel|refund)\b"),
    "notices.send": re.compile(r"\bnotices\.send\b"),
    "bills.mandate": re.compile(r"resident\.acting\b"),
}
"""How the use of a scope looks in code and templates. Scopes that only the page's script uses are not here."""


@bronze("Declare the scope under [[scopes]] with a reason, or do without it.")
def scopes_used_are_declared(subject: Subject) -> Iterator[Finding]:
    """Whatever the code asks of a resident or of the platform stands in the manifest."""
    for scope, path, line in _uses(subject):
        if scope not in subject.manifest.scope_names:
            yield Finding(path=path, line=line, message=f"uses {scope}, which the manifest does not declare")


@bronze("Remove the scope; ask for it in the version that uses it.")
def scopes_declared_are_used(subject: Subject) -> Iterator[Finding]:
    """Nothing is asked for in advance: every declared scope is used."""
    used = {scope for scope, _, _ in _uses(subject)}
    named = " ".join(subject.text(path) for path in subject.files if path.suffix in {".py", ".html", ".js"})
    for scope in subject.manifest.scopes:
        if scope.name not in used and f"{scope.name}" not in named:
            line = _line_of(subject, f'"{scope.name}"')
            yield Finding(path=subject.manifest_name, line=line, message=f"{scope.name} is declared, and never used")


@bronze("Name the host under [[network]] with a reason.")
def hosts_are_declared(subject: Subject) -> Iterator[Finding]:
    """Every host that is fetched from stands in the manifest."""
    declared = subject.manifest.hosts(Side.SERVER)
    for source in subject.sources:
        for name, call in source.calls():
            host = _host_of(call) if name.endswith("network.fetch") else None
            if host and not any(_covers(entry, host) for entry in declared):
                message = f"fetches from {host}, which the manifest does not declare"
                yield Finding(path=source.path, line=call.lineno, message=message)


@bronze("Add the template under [[notices]], or correct the id or the names of its places.")
def notices_are_declared(subject: Subject) -> Iterator[Finding]:
    """Every notice that is sent has a template in the manifest, and fills all of its places."""
    for source in subject.sources:
        for name, call in source.calls():
            if name.endswith("notices.send") and call.args and isinstance(call.args[0], ast.Constant):
                yield from _notice_findings(subject.manifest, source, call, str(call.args[0].value))


@bronze("Add the event's name to `events`, or remove the handler.")
def events_are_declared(subject: Subject) -> Iterator[Finding]:
    """Every event that is handled stands in the manifest."""
    names = {kind.__name__: name for name, kind in EVENTS.items()}
    for source in subject.sources:
        for name, call in source.calls():
            event = names.get(source.meaning(call.args[0]).split(".")[-1]) if call.args else None
            if name.endswith(".on") and event and event not in subject.manifest.events:
                message = f"listens to {event}, which the manifest does not declare"
                yield Finding(path=source.path, line=call.lineno, message=message)


@bronze("Give the page a route with `@app.get`, or remove it from [[pages]] or [[service_items]].")
def pages_exist(subject: Subject) -> Iterator[Finding]:
    """Every page and service item of the manifest has a route."""
    routes = [_route(path) for source in subject.sources for path in _routes(source)]
    if not routes:
        raise NothingToLookAt('no route is written as `@app.get("/…")`')
    paths = [page.path for page in subject.manifest.pages] + [item.path for item in subject.manifest.service_items]
    for path in paths:
        if not any(route.fullmatch(path) for route in routes):
            line = _line_of(subject, f'"{path}"')
            yield Finding(path=subject.manifest_name, line=line, message=f"no `get` route answers {path}")


@bronze("Write `@hookimpl def yimen_miniapps() -> list[MiniApp]: return [app]` in the package's __init__.py.")
def offers_a_mini_app(subject: Subject) -> Iterator[Finding]:
    """The package implements the hook that offers it to the host."""
    init = subject.name(subject.package / "__init__.py")
    for source in subject.sources:
        if source.path == init and any(_is_offer(source, node) for node in source.tree.body):
            return
    yield Finding(path=init, line=1, message="has no function `yimen_miniapps` marked with `@hookimpl`")


@bronze("Add the file to the package, or correct its path.")
def icons_exist(subject: Subject) -> Iterator[Finding]:
    """Every icon of the manifest is a file of the package."""
    if not subject.manifest.icons:
        raise NothingToLookAt("the manifest has no icons")
    for icon in subject.manifest.icons:
        if not (subject.package / icon.src).is_file():
            line = _line_of(subject, icon.src)
            yield Finding(path=subject.manifest_name, line=line, message=f"{icon.src} is not in the package")


def _uses(subject: Subject) -> Iterator[tuple[str, str, int]]:
    for source in subject.sources:
        for name, node in source.attributes():
            yield from ((scope, source.path, node.lineno) for scope, form in _USES.items() if form.search(name))
    for template in subject.templates:
        for scope, form in _USES.items():
            yield from ((scope, template.path, template.line_of(m.start())) for m in form.finditer(template.text))


def _notice_findings(manifest: Manifest, source: Source, call: ast.Call, notice_id: str) -> Iterator[Finding]:
    notice = manifest.notice(notice_id)
    if notice is None:
        message = f"sends {notice_id!r}, which the manifest does not declare"
        yield Finding(path=source.path, line=call.lineno, message=message)
        return
    given = {keyword.arg for keyword in call.keywords}
    if None not in given and given - {"to"} != notice.places:
        message = f"fills {sorted(map(str, given - {'to'}))}; the template has {sorted(notice.places)}"
        yield Finding(path=source.path, line=call.lineno, message=message)


def _host_of(call: ast.Call) -> str | None:
    """Return the host when the URL is written out, at least up to its path."""
    given = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "url"), None)
    if isinstance(given, ast.JoinedStr) and given.values:
        given = given.values[0]
    if isinstance(given, ast.Constant) and isinstance(given.value, str) and "://" in given.value:
        return urlsplit(given.value).netloc or None
    return None


def _covers(declared: str, host: str) -> bool:
    return host == declared or (declared.startswith("*.") and host.endswith(declared[1:]))


def _routes(source: Source) -> Iterator[str]:
    for node in source.nodes():
        for call in node.decorator_list if isinstance(node, ast.AsyncFunctionDef) else ():
            if isinstance(call, ast.Call) and source.meaning(call.func).endswith(".get") and call.args:
                path = call.args[0]
                if isinstance(path, ast.Constant) and isinstance(path.value, str):
                    yield path.value


def _route(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _is_offer(source: Source, node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef) or node.name != "yimen_miniapps":
        return False
    return any(source.meaning(mark).endswith("hookimpl") for mark in node.decorator_list)


def _line_of(subject: Subject, text: str) -> int:
    lines = subject.text(subject.package / "miniapp.toml").splitlines()
    return next((number for number, line in enumerate(lines, 1) if text in line), 1)
