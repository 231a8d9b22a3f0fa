"""Writes a new mini-app project from the template."""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

_SUFFIX = ".in"


@dataclass(frozen=True)
class Names:
    """What a project is called, everywhere it has a name."""

    id: str
    title_zh: str
    title_en: str

    @property
    def module(self) -> str:
        """The import package."""
        return f"yimen_{self.id.replace('-', '_')}"

    @property
    def distribution(self) -> str:
        """The distribution."""
        return f"yimen-{self.id}"

    @property
    def wheel(self) -> str:
        """The first wheel's file name."""
        return f"{self.module}-1.0.0-py3-none-any.whl"


def write_project(names: Names, directory: Path) -> list[Path]:
    """Write the project and return its files. Raises FileExistsError when the directory holds anything."""
    if directory.exists() and any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty")
    return _write(files("yimen_sdk.scaffold") / "template", directory, names)


def _write(source: Traversable, target: Path, names: Names) -> list[Path]:
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for entry in sorted(source.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            folder = names.module if entry.name == "package" else entry.name
            written += _write(entry, target / folder, names)
        elif entry.name.endswith(_SUFFIX):
            path = target / _file_name(entry.name)
            path.write_text(_filled(entry.read_text("utf-8"), names), "utf-8")
            written.append(path)
    return written


def _file_name(name: str) -> str:
    name = name.removesuffix(_SUFFIX)
    return ".gitignore" if name == "gitignore" else name


def _filled(text: str, names: Names) -> str:
    return Template(text).substitute(
        id=names.id,
        module=names.module,
        distribution=names.distribution,
        wheel=names.wheel,
        title_zh=names.title_zh,
        title_en=names.title_en,
    )
