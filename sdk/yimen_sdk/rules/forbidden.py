"""The vocabulary of the bronze rules on code: what honest mini-apps have no use for."""

NETWORK = frozenset(
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
"""Modules that open connections."""

NETWORK_CALLS = frozenset(
    [
        "open_connection",
        "open_unix_connection",
        "start_server",
        "start_unix_server",
        "create_connection",
        "create_server",
        "create_datagram_endpoint",
        "sock_connect",
    ]
)
"""Methods of asyncio and of its loops that open connections."""

NATIVE = frozenset(["ctypes", "_ctypes", "cffi", "mmap", "resource", "fcntl"])
"""Modules that reach below Python."""

PROCESSES = frozenset(["subprocess", "multiprocessing", "pty", "_posixsubprocess", "concurrent.futures.process"])
"""Modules that start processes."""

PROCESS_CALLS = frozenset(
    [
        "os.system",
        "os.popen",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "os.posix_spawn",
        "os.posix_spawnp",
        "signal.signal",
        "concurrent.futures.ProcessPoolExecutor",
    ]
)
"""Functions that start or signal processes."""

PROCESS_ENDINGS = frozenset(
    ["create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "subprocess_shell"]
)
"""Methods of asyncio and of its loops that start processes."""

PROCESS_PREFIXES = ("os.exec", "os.spawn")
"""Families of functions that replace or start processes."""

DYNAMIC = frozenset(
    [
        "exec",
        "eval",
        "compile",
        "__import__",
        "globals",
        "types.CodeType",
        "types.FunctionType",
        "jinja2.Template",
        "sys.modules",
        "sys.meta_path",
        "sys.path_hooks",
        "sys.settrace",
        "sys.setprofile",
    ]
)
"""Names that turn data into code, or change what code means."""

DYNAMIC_MODULES = frozenset(
    [
        "pickle",
        "marshal",
        "shelve",
        "dill",
        "cloudpickle",
        "code",
        "codeop",
        "imp",
        "runpy",
        "zipimport",
        "importlib",
        "inspect",
        "gc",
    ]
)
"""Modules that turn data into code, or show Python its own inside."""

HARMLESS_MODULES = ("importlib.resources", "importlib.metadata")
"""Parts of such modules that only read a package's files and metadata."""

DYNAMIC_NAMES = frozenset(
    [
        "__subclasses__",
        "__globals__",
        "__builtins__",
        "__code__",
        "__closure__",
        "__mro__",
        "__bases__",
        "__dict__",
        "__loader__",
        "__spec__",
        "f_globals",
        "f_locals",
        "f_back",
        "gi_frame",
        "cr_frame",
        "tb_frame",
        "_getframe",
        "from_string",
    ]
)
"""Attributes that lead from any object to everything else."""

NAMED_ACCESS = frozenset(["getattr", "setattr", "delattr", "hasattr", "operator.attrgetter", "operator.methodcaller"])
"""Functions that take the name of an attribute: harmless while the name is written out."""

PLATFORM_MODULES = frozenset({"yimen_host", "yimen_registry"})
"""The platform's own packages."""
