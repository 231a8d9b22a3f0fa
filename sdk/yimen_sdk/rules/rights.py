"""Bronze rules on the manifest against the code: what is used is declared, what is declared is used."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import urlsplit

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.events import EVENTS
from yimen_sdk.manifest import Manifest, Side
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import NothingToLookAt, bronze
from yimen_sdk.rules.source import Source
from yimen_sdk.rules.subject import Subject
from yimen_sdk.saying import Kind

SCOPE_UNDECLARED = Kind(
    "scope-undeclared",
    Bilingual(zh="用到了 {scope}，清单没有声明", en="uses {scope}, which the manifest does not declare"),
)
SCOPE_UNUSED = Kind("scope-unused", Bilingual(zh="声明了 {scope}，从未用到", en="{scope} is declared, and never used"))
HOST_UNDECLARED = Kind(
    "host-undeclared",
    Bilingual(zh="访问了 {host}，清单没有声明", en="fetches from {host}, which the manifest does not declare"),
)
NOTICE_UNDECLARED = Kind(
    "notice-undeclared",
    Bilingual(zh="发送了通知 {notice}，清单没有声明", en="sends {notice}, which the manifest does not declare"),
    Bilingual(
        zh="请在 [[notices]] 中加上这个模板，或改正编号", en="Add the template under [[notices]], or correct the id."
    ),
)
NOTICE_PLACES = Kind(
    "notice-places",
    Bilingual(
        zh="给通知 {notice} 填了 {given}，模板里是 {wanted}", en="fills {given} of {notice}; the template has {wanted}"
    ),
    Bilingual(zh="请让两边的名字一致", en="Use the same names in both."),
)
EVENT_UNDECLARED = Kind(
    "event-undeclared",
    Bilingual(zh="处理事件 {event}，清单没有声明", en="listens to {event}, which the manifest does not declare"),
)
PAGE_WITHOUT_ROUTE = Kind(
    "page-without-route", Bilingual(zh="没有回答 {page} 的 `get` 路由", en="no `get` route answers {page}")
)
NO_ROUTES = Kind(
    "no-routes",
    Bilingual(zh='没有写成 `@app.get("/…")` 的路由', en='no route is written as `@app.get("/…")`'),
)
NO_HOOK = Kind(
    "no-hook",
    Bilingual(
        zh="没有标了 `@hookimpl` 的函数 `yimen_miniapps`", en="has no function `yimen_miniapps` marked with `@hookimpl`"
    ),
)
ICON_MISSING = Kind("icon-missing", Bilingual(zh="包里没有 {icon}", en="{icon} is not in the package"))
NO_ICONS = Kind("no-icons", Bilingual(zh="清单没有写图标", en="the manifest has no icons"))
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


@bronze(
    title="代码向居民或平台要的，清单里都有",
    finds=(SCOPE_UNDECLARED,),
    advice=Bilingual(
        zh="请在 [[scopes]] 中声明这个权限并写明理由，或不使用它",
        en="Declare the scope under [[scopes]] with a reason, or do without it.",
    ),
)
def scopes_used_are_declared(subject: Subject) -> Iterator[Finding]:
    """Whatever the code asks of a resident or of the platform stands in the manifest."""
    for scope, path, line in _uses(subject):
        if scope not in subject.manifest.scope_names:
            yield Finding.of(SCOPE_UNDECLARED, path, line, scope=scope)


@bronze(
    title="不预先索要：声明的权限都用到了",
    finds=(SCOPE_UNUSED,),
    advice=Bilingual(
        zh="请去掉这个权限，到用到它的版本再申请", en="Remove the scope; ask for it in the version that uses it."
    ),
)
def scopes_declared_are_used(subject: Subject) -> Iterator[Finding]:
    """Nothing is asked for in advance: every declared scope is used."""
    used = {scope for scope, _, _ in _uses(subject)}
    named = " ".join(subject.text(path) for path in subject.files if path.suffix in {".py", ".html", ".js"})
    for scope in subject.manifest.scopes:
        if scope.name not in used and f"{scope.name}" not in named:
            line = _line_of(subject, f'"{scope.name}"')
            yield Finding.of(SCOPE_UNUSED, subject.manifest_name, line, scope=scope.name)


@bronze(
    title="访问的主机，清单里都有",
    finds=(HOST_UNDECLARED,),
    advice=Bilingual(zh="请在 [[network]] 中写明主机和理由", en="Name the host under [[network]] with a reason."),
)
def hosts_are_declared(subject: Subject) -> Iterator[Finding]:
    """Every host that is fetched from stands in the manifest."""
    declared = subject.manifest.hosts(Side.SERVER)
    for source in subject.sources:
        for name, call in source.calls():
            host = _host_of(call) if name.endswith("network.fetch") else None
            if host and not any(_covers(entry, host) for entry in declared):
                yield Finding.of(HOST_UNDECLARED, source.path, call.lineno, host=host)


@bronze(
    title="发送的通知在清单里有模板，且填满每一处",
    finds=(NOTICE_UNDECLARED, NOTICE_PLACES),
    advice=Bilingual(
        zh="请在 [[notices]] 中加上模板，或改正编号、填空的名字",
        en="Add the template under [[notices]], or correct the id or the names of its places.",
    ),
)
def notices_are_declared(subject: Subject) -> Iterator[Finding]:
    """Every notice that is sent has a template in the manifest, and fills all of its places."""
    for source in subject.sources:
        for name, call in source.calls():
            if name.endswith("notices.send") and call.args and isinstance(call.args[0], ast.Constant):
                yield from _notice_findings(subject.manifest, source, call, str(call.args[0].value))


@bronze(
    title="处理的事件，清单里都有",
    finds=(EVENT_UNDECLARED,),
    advice=Bilingual(
        zh="请把事件名加进 `events`，或去掉处理函数", en="Add the event's name to `events`, or remove the handler."
    ),
)
def events_are_declared(subject: Subject) -> Iterator[Finding]:
    """Every event that is handled stands in the manifest."""
    names = {kind.__name__: name for name, kind in EVENTS.items()}
    for source in subject.sources:
        for name, call in source.calls():
            event = names.get(source.meaning(call.args[0]).split(".")[-1]) if call.args else None
            if name.endswith(".on") and event and event not in subject.manifest.events:
                yield Finding.of(EVENT_UNDECLARED, source.path, call.lineno, event=event)


@bronze(
    title="清单里的页面和事项都有路由",
    finds=(PAGE_WITHOUT_ROUTE,),
    skips=(NO_ROUTES,),
    advice=Bilingual(
        zh="请用 `@app.get` 给页面加路由，或从 [[pages]]、[[service_items]] 中去掉它",
        en="Give the page a route with `@app.get`, or remove it from [[pages]] or [[service_items]].",
    ),
)
def pages_exist(subject: Subject) -> Iterator[Finding]:
    """Every page and service item of the manifest has a route."""
    routes = [_route(path) for source in subject.sources for path in _routes(source)]
    if not routes:
        raise NothingToLookAt(NO_ROUTES)
    paths = [page.path for page in subject.manifest.pages] + [item.path for item in subject.manifest.service_items]
    for path in paths:
        if not any(route.fullmatch(path) for route in routes):
            line = _line_of(subject, f'"{path}"')
            yield Finding.of(PAGE_WITHOUT_ROUTE, subject.manifest_name, line, page=path)


@bronze(
    title="包实现了把小程序交给主机的钩子",
    finds=(NO_HOOK,),
    advice=Bilingual(
        zh="请在包的 __init__.py 中写 `@hookimpl def yimen_miniapps() -> list[MiniApp]: return [app]`",
        en="Write `@hookimpl def yimen_miniapps() -> list[MiniApp]: return [app]` in the package's __init__.py.",
    ),
)
def offers_a_mini_app(subject: Subject) -> Iterator[Finding]:
    """The package implements the hook that offers it to the host."""
    init = subject.name(subject.package / "__init__.py")
    for source in subject.sources:
        if source.path == init and any(_is_offer(source, node) for node in source.tree.body):
            return
    yield Finding.of(NO_HOOK, init, 1)


@bronze(
    title="清单里的图标都是包里的文件",
    finds=(ICON_MISSING,),
    skips=(NO_ICONS,),
    advice=Bilingual(zh="请把文件加进包，或改正路径", en="Add the file to the package, or correct its path."),
)
def icons_exist(subject: Subject) -> Iterator[Finding]:
    """Every icon of the manifest is a file of the package."""
    if not subject.manifest.icons:
        raise NothingToLookAt(NO_ICONS)
    for icon in subject.manifest.icons:
        if not (subject.package / icon.src).is_file():
            line = _line_of(subject, icon.src)
            yield Finding.of(ICON_MISSING, subject.manifest_name, line, icon=icon.src)


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
        yield Finding.of(NOTICE_UNDECLARED, source.path, call.lineno, notice=notice_id)
        return
    if any(keyword.arg is None for keyword in call.keywords):
        return
    given = {str(keyword.arg) for keyword in call.keywords} - {"to"}
    if given != notice.places:
        names = {"given": _listed(given), "wanted": _listed(notice.places)}
        yield Finding.of(NOTICE_PLACES, source.path, call.lineno, notice=notice_id, **names)


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "—"


def _host_of(call: ast.Call) -> str | None:
    """Return the host when the URL is written out, at least up to its path."""
    given = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "url"), None)
    if isinstance(given, ast.JoinedStr) and given.values:
        given = given.values[0]
    if isinstance(given, ast.Constant) and isinstance(given.value, str) and "://" in given.value:
        return _named_in(given.value)
    return None


def _named_in(url: str) -> str | None:
    try:
        return urlsplit(url).netloc or None
    except ValueError:  # such as an open bracket: nobody declares such a host
        return url


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
