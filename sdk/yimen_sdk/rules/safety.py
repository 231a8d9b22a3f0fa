"""Bronze rules on code: nothing that leaves the sandbox, hides what it does, or reaches around the platform.

The sandbox is the boundary. These rules keep honest code away from it, and make dishonest code stand out.
"""

import ast
import sys
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.rule import bronze
from yimen_sdk.rules.source import Source
from yimen_sdk.rules.subject import Subject

_NETWORK = frozenset(
    [
        "socket",
        "ssl",
        "socketserver",
        "select",
        "selectors",
        "http.client",
        "http.server",
        "urllib.request",
        "ftplib",
        "smtplib",
        "poplib",
        "imaplib",
        "nntplib",
        "telnetlib",
        "xmlrpc",
        "wsgiref",
        "requests",
        "httpx",
        "httpcore",
        "aiohttp",
        "urllib3",
        "websockets",
        "websocket",
        "paramiko",
    ]
)
_NATIVE = frozenset(["ctypes", "_ctypes", "cffi", "mmap", "resource", "fcntl"])
_PROCESSES = frozenset(["subprocess", "multiprocessing", "pty", "_posixsubprocess", "concurrent.futures.process"])
_PROCESS_CALLS = frozenset(
    [
        "os.system",
        "os.popen",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "os.posix_spawn",
        "os.posix_spawnp",
        "os.startfile",
        "asyncio.create_subprocess_exec",
        "asyncio.create_subprocess_shell",
        "signal.signal",
    ]
)
_PROCESS_PREFIXES = ("os.exec", "os.spawn")
_DYNAMIC_CALLS = frozenset(
    [
        "exec",
        "eval",
        "compile",
        "__import__",
        "importlib.import_module",
        "importlib.reload",
        "runpy.run_path",
        "runpy.run_module",
        "types.CodeType",
        "types.FunctionType",
        "marshal.loads",
        "marshal.load",
        "pickle.loads",
        "pickle.load",
        "pickle.Unpickler",
        "shelve.open",
        "dill.loads",
        "code.interact",
    ]
)
_DYNAMIC_MODULES = frozenset(
    ["pickle", "marshal", "shelve", "dill", "cloudpickle", "code", "codeop", "imp", "runpy", "zipimport"]
)
_DYNAMIC_NAMES = frozenset(
    [
        "__subclasses__",
        "__globals__",
        "__builtins__",
        "__code__",
        "__closure__",
        "__mro__",
        "__bases__",
        "f_globals",
        "f_locals",
        "f_back",
        "gi_frame",
        "cr_frame",
        "tb_frame",
        "_getframe",
    ]
)
_PLATFORM_MODULES = frozenset({"yimen_host", "yimen_registry"})


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
        yield from _imports_of(source, _NETWORK, "opens connections by itself; a release has no network")
        for name, call in source.calls():
            if name in {"asyncio.open_connection", "asyncio.start_server", "asyncio.open_unix_connection"}:
                yield _at(source, call, f"{name} opens connections by itself; a release has no network")


@bronze("Write it in Python, or ask the platform for what is missing.")
def no_native_code(subject: Subject) -> Iterator[Finding]:
    """No machine code is loaded."""
    for source in subject.sources:
        yield from _imports_of(source, _NATIVE, "reaches below Python, where nothing can be reviewed")


@bronze("Do the work in the request, in a task, or in an event handler.")
def no_processes(subject: Subject) -> Iterator[Finding]:
    """No process is started, and no signal handled."""
    for source in subject.sources:
        yield from _imports_of(source, _PROCESSES, "starts processes")
        for name, call in source.calls():
            if name in _PROCESS_CALLS or name.startswith(_PROCESS_PREFIXES):
                yield _at(source, call, f"{name} starts or signals a process")


@bronze("Write the code out; look values up in a dictionary instead of building names.")
def no_hidden_code(subject: Subject) -> Iterator[Finding]:
    """What runs is what the reviewer reads: no code from strings, bytes or frames."""
    for source in subject.sources:
        yield from _imports_of(source, _DYNAMIC_MODULES, "turns data into code")
        for name, call in source.calls():
            if name.removeprefix("builtins.") in _DYNAMIC_CALLS:
                yield _at(source, call, f"{name} turns data into code")
            elif name in {"getattr", "setattr", "delattr"} and not _is_text(call.args[1:2]):
                yield _at(source, call, f"{name} with a name that is computed")
        for node in source.nodes():
            written = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
            if written in _DYNAMIC_NAMES:
                yield _at(source, node, f"{written} reaches into Python itself")
            elif isinstance(node, ast.Attribute) and source.meaning(node) in {"sys.modules", "sys.meta_path"}:
                yield _at(source, node, f"{source.meaning(node)} changes what imports mean")
            elif isinstance(node, ast.Constant) and node.value in _DYNAMIC_NAMES:
                yield _at(source, node, f"{node.value!r} as text: reaches into Python itself")


@bronze("Name the distribution under `dependencies` in pyproject.toml; only the platform's libraries are there.")
def imports_are_declared(subject: Subject) -> Iterator[Finding]:
    """Every import is the standard library, the mini-app itself, or a declared dependency."""
    own = (subject.manifest.module or "").split(".")[0]
    declared = {own, "yimen_sdk", *_declared_packages(subject)}
    for source in subject.sources:
        for name, line in source.imports():
            top = name.split(".")[0]
            if top in _PLATFORM_MODULES:
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
        for module in {".".join(parts[:count]) for count in range(1, len(parts) + 1)} & modules:
            if (module, line) not in reported:
                reported.add((module, line))
                yield Finding(path=source.path, line=line, message=f"{module} {why}")


def _is_text(arguments: list[ast.expr]) -> bool:
    return bool(arguments) and isinstance(arguments[0], ast.Constant) and isinstance(arguments[0].value, str)


def _at(source: Source, node: ast.AST, message: str) -> Finding:
    return Finding(path=source.path, line=getattr(node, "lineno", 1), message=message)
