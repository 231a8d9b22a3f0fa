"""Bronze rules on code: nothing that leaves the sandbox, hides what it does, or reaches around the platform.

The sandbox is the boundary. These rules keep honest code away from it, and make dishonest code stand out.
"""

import ast
import sys
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from yimen_sdk.bilingual import Bilingual
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
from yimen_sdk.rules.subject import NOT_PYTHON, TOO_LARGE, UNREADABLE, Subject
from yimen_sdk.saying import Kind

OPENS_CONNECTIONS = Kind(
    "opens-connections",
    Bilingual(
        zh="{name} 会自行建立连接；小程序没有网络", en="{name} opens connections by itself; a release has no network"
    ),
)
BELOW_PYTHON = Kind(
    "below-python",
    Bilingual(zh="{name} 深入 Python 之下，无法审核", en="{name} reaches below Python, where nothing can be reviewed"),
)
STARTS_PROCESSES = Kind(
    "starts-processes", Bilingual(zh="{name} 会启动进程或发送信号", en="{name} starts or signals processes")
)
DYNAMIC_CODE = Kind(
    "dynamic-code",
    Bilingual(
        zh="{name} 把数据变成代码，或触及 Python 内部",
        en="{name} turns data into code, or reaches into Python itself",
    ),
)
STAR_IMPORT = Kind(
    "star-import",
    Bilingual(zh="from {module} import * 看不出用了什么", en="from {module} import * hides what is used"),
    Bilingual(zh="请逐个写出要导入的名字", en="Import each name that is used."),
)
COMPUTED_NAME = Kind(
    "computed-name", Bilingual(zh="{name} 的属性名是算出来的", en="{name} with a name that is computed")
)
INTO_PYTHON = Kind("into-python", Bilingual(zh="{name} 触及 Python 内部", en="{name} reaches into Python itself"))
PLATFORM_IMPORT = Kind(
    "platform-import",
    Bilingual(zh="{package} 是平台自己的代码", en="{package} is the platform's own"),
    Bilingual(zh="请改用 SDK（yimen_sdk）", en="Use the SDK (yimen_sdk)."),
)
UNDECLARED_IMPORT = Kind(
    "undeclared-import", Bilingual(zh="没有声明依赖 {package}", en="{package} is not a declared dependency")
)


@bronze(
    title="每个 Python 文件都能解析，其他规则才能看到它",
    finds=(TOO_LARGE, NOT_PYTHON, UNREADABLE),
    advice=Bilingual(
        zh="请改正语法；平台运行 Python 3.11 及以上版本",
        en="Correct the syntax; the platform runs Python 3.11 and later.",
    ),
)
def code_can_be_read(subject: Subject) -> Iterator[Finding]:
    """Every Python file can be parsed, so that every other rule sees it."""
    yield from (found for found in subject.parsed if isinstance(found, Finding))


@bronze(
    title="只能通过平台访问网络",
    finds=(OPENS_CONNECTIONS,),
    advice=Bilingual(
        zh="请用 `request.host.network.fetch` 访问其他服务，并在 [[network]] 中写明主机",
        en="Call other services with `request.host.network.fetch` and name their hosts under [[network]].",
    ),
)
def no_network_of_its_own(subject: Subject) -> Iterator[Finding]:
    """The network is reached through the platform only."""
    for source in subject.sources:
        yield from _imports_of(source, NETWORK, OPENS_CONNECTIONS)
        for name, node in source.references():
            if "." in name and name.rpartition(".")[2] in NETWORK_CALLS:
                yield _at(source, node, OPENS_CONNECTIONS, name)


@bronze(
    title="不加载机器码",
    finds=(BELOW_PYTHON,),
    advice=Bilingual(
        zh="请用 Python 编写；缺少什么，请向平台提出", en="Write it in Python, or ask the platform for what is missing."
    ),
)
def no_native_code(subject: Subject) -> Iterator[Finding]:
    """No machine code is loaded."""
    for source in subject.sources:
        yield from _imports_of(source, NATIVE, BELOW_PYTHON)


@bronze(
    title="不启动进程，不处理信号",
    finds=(STARTS_PROCESSES,),
    advice=Bilingual(
        zh="请在请求、任务或事件处理函数中完成", en="Do the work in the request, in a task, or in an event handler."
    ),
)
def no_processes(subject: Subject) -> Iterator[Finding]:
    """No process is started, and no signal handled."""
    for source in subject.sources:
        yield from _imports_of(source, PROCESSES, STARTS_PROCESSES)
        for name, node in source.references():
            ending = name.rpartition(".")[2]
            if name in PROCESS_CALLS or ending in PROCESS_ENDINGS or name.startswith(PROCESS_PREFIXES):
                yield _at(source, node, STARTS_PROCESSES, name)


@bronze(
    title="运行的就是审核员读到的：不从字符串、字节或栈帧产生代码",
    finds=(DYNAMIC_CODE, STAR_IMPORT, COMPUTED_NAME, INTO_PYTHON),
    advice=Bilingual(
        zh="请把代码写出来；用字典查值，不要拼名字",
        en="Write the code out; look values up in a dictionary instead of building names.",
    ),
)
def no_hidden_code(subject: Subject) -> Iterator[Finding]:
    """What runs is what the reviewer reads: no code from strings, bytes or frames."""
    for source in subject.sources:
        yield from _imports_of(source, DYNAMIC_MODULES, DYNAMIC_CODE)
        for name, line in source.imports():
            if name.endswith(".*"):
                yield Finding.of(STAR_IMPORT, source.path, line, module=name[:-2])
        for name, node in source.references():
            if name.removeprefix("builtins.") in DYNAMIC:
                yield _at(source, node, DYNAMIC_CODE, name)
        for name, call in source.calls():
            at = 0 if name.startswith("operator.") else 1
            if name in NAMED_ACCESS and not _is_text(call.args[at : at + 1]):
                yield _at(source, call, COMPUTED_NAME, name)
        for part in source.nodes():
            if (written := _written(part)) and written in DYNAMIC_NAMES:
                yield _at(source, part, INTO_PYTHON, written)


@bronze(
    title="只导入标准库、小程序自身和声明过的依赖",
    finds=(PLATFORM_IMPORT, UNDECLARED_IMPORT),
    advice=Bilingual(
        zh="请在 pyproject.toml 的 `dependencies` 中写明；只有平台提供的库可用",
        en="Name the distribution under `dependencies` in pyproject.toml; only the platform's libraries are there.",
    ),
)
def imports_are_declared(subject: Subject) -> Iterator[Finding]:
    """Every import is the standard library, the mini-app itself, or a declared dependency."""
    own = (subject.manifest.module or "").split(".")[0]
    declared = {own, "yimen_sdk", *_declared_packages(subject)}
    for source in subject.sources:
        for name, line in source.imports():
            top = name.split(".")[0]
            if top in PLATFORM_MODULES:
                yield Finding.of(PLATFORM_IMPORT, source.path, line, package=top)
            elif top not in declared and top not in sys.stdlib_module_names:
                yield Finding.of(UNDECLARED_IMPORT, source.path, line, package=top)


def _declared_packages(subject: Subject) -> Iterator[str]:
    for text in subject.requires:
        try:
            name = canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            continue
        yield name.replace("-", "_")
        yield name.removeprefix("python-").replace("-", "_")


def _imports_of(source: Source, modules: frozenset[str], kind: Kind) -> Iterator[Finding]:
    reported: set[tuple[str, int]] = set()
    for name, line in source.imports():
        parts = name.split(".")
        harmless = name.startswith(HARMLESS_MODULES)
        for module in {".".join(parts[:count]) for count in range(1, len(parts) + 1)} & modules:
            if not harmless and (module, line) not in reported:
                reported.add((module, line))
                yield Finding.of(kind, source.path, line, name=module)


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


def _at(source: Source, node: ast.AST, kind: Kind, name: str) -> Finding:
    return Finding.of(kind, source.path, getattr(node, "lineno", 1), name=name)
