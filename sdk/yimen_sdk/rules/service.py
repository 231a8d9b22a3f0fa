"""Silver rules on the service: people know what it is, whom to ask, what is kept; one slow request hurts nobody."""

import ast
from collections.abc import Iterator

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.manifest import Manifest
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import NothingToLookAt, silver
from yimen_sdk.rules.subject import Subject
from yimen_sdk.saying import Kind
from yimen_sdk.scopes import SCOPES, Sensitivity

KEY_MISSING = Kind("key-missing", Bilingual(zh="缺少 {key}", en="{key} is missing"))
NO_ICON = Kind("without-icon", Bilingual(zh="没有图标", en="there are no icons"))
NO_LICENCE = Kind("no-licence", Bilingual(zh="没有写许可证", en="there is no licence"))
DATA_UNDECLARED = Kind(
    "data-undeclared",
    Bilingual(zh="申请了 {scopes}，没有写 [[data]]", en="it asks for {scopes} and declares no [[data]]"),
)
NO_PERSONAL_DATA = Kind("no-personal-data", Bilingual(zh="没有申请个人信息", en="it asks for no personal data"))
BLOCKS = Kind(
    "blocks-the-process",
    Bilingual(zh="{name} 会让其他居民的请求都停下", en="{name} stops every other resident's request"),
)
CHANGES_A_GLOBAL = Kind("changes-a-global", Bilingual(zh="修改了全局变量 {names}", en="changes the global {names}"))
_BLOCKING = frozenset(
    ["time.sleep", "input", "os.wait", "os.waitpid", "requests.get", "requests.post", "urllib.request.urlopen"]
)


@silver(
    title="清单写明这是什么服务、向谁询问、向谁投诉",
    finds=(KEY_MISSING,),
    advice=Bilingual(zh="请在 miniapp.toml 中补上缺少的项", en="Add the missing keys to miniapp.toml."),
)
def people_know_whom_to_ask(subject: Subject) -> Iterator[Finding]:
    """The manifest says what the service is, where to ask and where to complain."""
    manifest = subject.manifest
    for key in ("description", "contact", "complaint"):
        if getattr(manifest, key) is None:
            yield _missing(subject, KEY_MISSING, key=key)


@silver(
    title="小程序有自己的图标",
    finds=(NO_ICON,),
    advice=Bilingual(
        zh="请用 [[icons]] 指明包里的图片，至少 192×192，或可缩放",
        en="Add [[icons]] with a picture of the package, at least 192 by 192 or scalable.",
    ),
)
def has_an_icon(subject: Subject) -> Iterator[Finding]:
    """The mini-app has an icon of its own."""
    if not subject.manifest.icons:
        yield _missing(subject, NO_ICON)


@silver(
    title="清单写明代码的许可证",
    finds=(NO_LICENCE,),
    advice=Bilingual(zh="请加上 `licence`，写 SPDX 表达式", en="Add `licence` with an SPDX expression."),
)
def has_a_licence(subject: Subject) -> Iterator[Finding]:
    """The manifest says under which licence the code is."""
    if subject.manifest.licence is None:
        yield _missing(subject, NO_LICENCE)


@silver(
    title="读取个人信息的小程序，写明保存了什么",
    finds=(DATA_UNDECLARED,),
    skips=(NO_PERSONAL_DATA,),
    advice=Bilingual(
        zh="请用 [[data]] 写明保存什么、做什么用、多久；什么都不保存时写 `data = []`",
        en="Add [[data]]: what is kept, what for, and for how long; or `data = []` when nothing is.",
    ),
)
def says_what_it_keeps(subject: Subject) -> Iterator[Finding]:
    """A mini-app that reads personal data says what it keeps of it."""
    personal = _personal(subject.manifest)
    if not personal:
        raise NothingToLookAt(NO_PERSONAL_DATA)
    if "data" not in subject.manifest.model_fields_set:
        yield _missing(subject, DATA_UNDECLARED, scopes=", ".join(personal))


@silver(
    title="处理请求时等待，不会停住整个进程",
    finds=(BLOCKS,),
    advice=Bilingual(
        zh="请等待异步的形式，例如 `asyncio.sleep`，或用 `asyncio.to_thread`",
        en="Await the asynchronous form, such as `asyncio.sleep`, or use `asyncio.to_thread`.",
    ),
)
def requests_do_not_block(subject: Subject) -> Iterator[Finding]:
    """No request handler stops the process while it waits."""
    for source in subject.sources:
        for function in (node for node in source.nodes() if isinstance(node, ast.AsyncFunctionDef)):
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                if (name := source.meaning(call.func)) in _BLOCKING:
                    yield Finding.of(BLOCKS, source.path, call.lineno, name=name)


@silver(
    title="请求不把任何东西留在全局变量里，免得下一位居民看到",
    finds=(CHANGES_A_GLOBAL,),
    advice=Bilingual(zh="请存进数据库，或居民的会话", en="Keep it in the database, or in the resident's session."),
)
def residents_share_no_globals(subject: Subject) -> Iterator[Finding]:
    """No request leaves anything in a global variable, where the next resident could find it."""
    for source in subject.sources:
        for node in source.nodes():
            if isinstance(node, ast.Global):
                yield Finding.of(CHANGES_A_GLOBAL, source.path, node.lineno, names=", ".join(node.names))


def _personal(manifest: Manifest) -> list[str]:
    ordinary = Sensitivity.ORDINARY
    return sorted(name for name in manifest.scope_names if SCOPES[name].sensitivity is not ordinary)


def _missing(subject: Subject, kind: Kind, **values: str) -> Finding:
    return Finding.of(kind, subject.manifest_name, 1, **values)
