"""Which files a worker's Python needs: the import path of the zygote and the code shown in a private root."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yimen_host
import yimen_sdk

PRELOAD = (
    "starlette.applications",
    "starlette.responses",
    "starlette.templating",
    "starlette.formparsers",
    "starlette.websockets",
    "jinja2",
    "jinja2.ext",
    "pydantic",
    "httpx",
    "httpcore",
    "importlib.readers",
    "httptools",
    "wsproto",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
    "psycopg",
    "psycopg_binary",
    "yimen_sdk",
    "yimen_sdk.serve",
    "yimen_sdk.web",
    "encodings.idna",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "joserfc.jwk",
    "joserfc.jwt",
    "asyncio",
    "yimen_host.runtime.zygote.worker",
)

_SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime")


@dataclass(frozen=True)
class Interpreter:
    """One Python as the zygote and its workers see it."""

    import_path: tuple[str, ...]
    """Entries after the standard library's; no .pth file is read, so nothing runs by being there."""
    host_path: tuple[str, ...]
    """Of these, what workers must not search: the host's own code, where it has a directory to itself."""
    code: tuple[Path, ...]
    """Every path a worker must be able to read."""

    def fingerprint(self) -> int:
        """Return a number that changes when a library that the zygote loads is installed, upgraded or removed."""
        places = [Path(entry) for entry in self.import_path if entry not in self.host_path]
        places += [Path(yimen_sdk.__file__ or "").parent]
        return hash(tuple((str(place), _changed(place)) for place in places if place.is_dir()))


def this_interpreter() -> Interpreter:
    """Describe the Python that runs the supervisor."""
    packages = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    sdk = _home_of(yimen_sdk.__file__)
    host = _home_of(yimen_host.__file__)
    own = [entry for entry in dict.fromkeys((sdk, host)) if entry not in packages]
    libraries = [Path(sys.base_prefix), *map(Path, packages), Path(sdk) / "yimen_sdk"]
    code = _without_nested([*map(Path, _SYSTEM), *libraries])
    return Interpreter(
        import_path=(*packages, *own),
        host_path=() if host in packages else (host,),
        code=tuple(code),
    )


def unreadable(code: tuple[Path, ...], uid: int) -> list[Path]:
    """Return each path of the code that a stranger's account could not read, private root or not."""
    if uid in (0, os.getuid()):
        return []
    return [
        path for path in code
        if path.exists() and not path.is_symlink() and not path.stat().st_mode & 0o004
    ]  # fmt: skip


def _home_of(file: str | None) -> str:
    assert file is not None, "a package of ours always has a file"
    return str(Path(file).parent.parent)


def _changed(place: Path) -> tuple[tuple[str, int], ...]:
    """Installing a distribution makes a new directory or file right below; that is enough to notice it."""
    return tuple(
        sorted((entry.name, entry.stat().st_mtime_ns) for entry in os.scandir(place) if entry.name != "__pycache__")
    )


def _without_nested(paths: list[Path]) -> list[Path]:
    kept: list[Path] = []
    for path in sorted(dict.fromkeys(paths), key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(outer) for outer in kept):
            kept.append(path)
    return kept
