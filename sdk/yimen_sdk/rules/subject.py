"""What is checked: the files of one mini-app's package and its manifest, from a project or an unpacked wheel."""

import configparser
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.manifest import Manifest, parse_manifest
from yimen_sdk.rules.markup import Template, read_template
from yimen_sdk.rules.nominiapp import (
    ENTRY_POINTS,
    NAMELESS,
    NO_ENTRY_POINTS,
    NO_MANIFEST,
    NO_PACKAGE,
    NO_PROJECT,
    OTHER_ID,
    PROJECT_NOT_TOML,
    NotAMiniApp,
)  # fmt: skip
from yimen_sdk.rules.report import Finding
from yimen_sdk.rules.source import Source, read_source
from yimen_sdk.saying import Kind

GROUP = "yimen.miniapps"
_SKIP = {"__pycache__", ".git", ".venv", "node_modules"}
MAX_FILE = 2 * 1024 * 1024
"""Bytes of a text file that the rules read; what is larger is reported, not read."""
TOO_LARGE = Kind(
    "file-too-large",
    Bilingual(zh="文件超过 {most} 字节", en="the file is larger than {most} bytes"),
    Bilingual(zh="请拆成几个文件", en="Split the file."),
)
NOT_PYTHON = Kind("not-python", Bilingual(zh="Python 语法错误：{why}", en="this is not Python: {why}"))
UNREADABLE = Kind("unreadable", Bilingual(zh="无法解析：{why}", en="the file cannot be parsed: {why}"))


@dataclass(frozen=True)
class Subject:
    """A mini-app before the rules. Paths in findings are relative to `root`."""

    root: Path
    package: Path
    """The directory of the package, below the root."""
    manifest: Manifest
    requires: tuple[str, ...] = ()
    """The dependencies that the distribution declares."""

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Every file of the package, sorted."""
        found = (path for path in self.package.rglob("*") if path.is_file() and not path.is_symlink())
        return tuple(sorted(path for path in found if not _SKIP & set(path.parts)))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every Python file that can be parsed."""
        return tuple(source for source in self.parsed if isinstance(source, Source))

    @cached_property
    def parsed(self) -> tuple[Source | Finding, ...]:
        """Every Python file: parsed, or why it cannot be."""
        return tuple(_parse(self.name(path), path) for path in self.named("*.py"))

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """Every HTML template."""
        return tuple(read_template(self.name(path), self.text(path)) for path in self.named("*.html"))

    def named(self, pattern: str) -> Iterator[Path]:
        """Yield the files whose name fits a pattern."""
        return (path for path in self.files if path.match(pattern))

    def name(self, path: Path) -> str:
        """Return how findings name a file."""
        return path.relative_to(self.root).as_posix()

    def text(self, path: Path) -> str:
        """Read a text file; what is not UTF-8 reads as replacement characters."""
        with path.open("rb") as file:
            return file.read(MAX_FILE).decode(errors="replace")

    @property
    def manifest_name(self) -> str:
        """How findings name the manifest."""
        return self.name(self.package / "miniapp.toml")


def from_tree(tree: Path) -> Subject:
    """Take an unpacked wheel. Raises NotAMiniApp or ManifestError."""
    points = sorted(tree.glob("*.dist-info/entry_points.txt"))
    if len(points) != 1:
        raise NotAMiniApp(NO_ENTRY_POINTS.said(place=tree))
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.read(points[0], "utf-8")
    entries = dict(parser.items(GROUP)) if parser.has_section(GROUP) else {}
    headers = (points[0].parent / "METADATA").read_text("utf-8").split("\n\n")[0].splitlines()
    requires = tuple(line.partition(":")[2].strip() for line in headers if line.startswith("Requires-Dist:"))
    distribution, version = points[0].parent.name.removesuffix(".dist-info").split("-")[:2]
    return _subject(tree, entries, distribution, version, requires)


def from_project(project: Path) -> Subject:
    """Take a project directory with its `pyproject.toml`. Raises NotAMiniApp or ManifestError."""
    try:
        content = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotAMiniApp(NO_PROJECT.said(place=project)) from error
    except tomllib.TOMLDecodeError as error:
        raise NotAMiniApp(PROJECT_NOT_TOML.said(file=project / "pyproject.toml", why=error)) from error
    about: dict[str, Any] = content.get("project", {})  # `Any`: TOML
    if "name" not in about or "version" not in about:
        raise NotAMiniApp(NAMELESS.said(file=project / "pyproject.toml"))
    entries = about.get("entry-points", {}).get(GROUP, {})
    return _subject(project, entries, about["name"], about["version"], tuple(about.get("dependencies", ())))


def _subject(
    root: Path, entries: dict[str, str], distribution: str, version: str, requires: tuple[str, ...]
) -> Subject:
    if len(entries) != 1:
        raise NotAMiniApp(ENTRY_POINTS.said(place=root, count=len(entries), group=GROUP))
    ((name, module),) = entries.items()
    package = root / module.strip().replace(".", "/")
    if not (package / "__init__.py").is_file():
        raise NotAMiniApp(NO_PACKAGE.said(name=name, module=module, place=root))
    manifest_path = package / "miniapp.toml"
    if not manifest_path.is_file():
        raise NotAMiniApp(NO_MANIFEST.said(file=manifest_path))
    manifest = parse_manifest(
        manifest_path.read_text("utf-8"), distribution=distribution, version=version, module=module.strip()
    )
    if manifest.id != name:
        raise NotAMiniApp(OTHER_ID.said(name=name, id=manifest.id))
    return Subject(root, package, manifest, requires)


def _parse(name: str, path: Path) -> Source | Finding:
    if path.stat().st_size > MAX_FILE:
        return Finding.of(TOO_LARGE, name, 1, most=MAX_FILE)
    try:
        return read_source(name, path.read_text("utf-8"))
    except SyntaxError as error:
        return Finding.of(NOT_PYTHON, name, error.lineno or 1, why=error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return Finding.of(UNREADABLE, name, 1, why=str(error) or type(error).__name__)
