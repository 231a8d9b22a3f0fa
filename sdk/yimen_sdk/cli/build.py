"""`yimen build`: a wheel of the project, the same bytes each time, without the network."""

import contextlib
import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from yimen_sdk.cli.failure import FAILED, give_up
from yimen_sdk.cli.language import LANGUAGE, Language, chosen
from yimen_sdk.manifest import ManifestError
from yimen_sdk.rules import NotAMiniApp, from_project

_CALL = "import importlib, sys; print(importlib.import_module(sys.argv[1]).build_wheel(sys.argv[2]))"
_EPOCH = "1580601600"
"""2020-02-02: the time of every file in the wheel, so that the bytes depend on the content alone."""


def build(
    path: Annotated[Path, typer.Argument(help="The project.")] = Path("."),
    into: Annotated[Path | None, typer.Option(help="The directory for the wheel; by default dist/.")] = None,
    language: LANGUAGE = None,
) -> None:
    """Build the wheel that is uploaded, of a project whose manifest has no faults."""
    backend = _backend(path)
    _check_manifest(path, language)
    target = (into or path / "dist").resolve()
    target.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(
        [sys.executable, "-c", _CALL, backend, str(target)],
        cwd=path,
        env={"SOURCE_DATE_EPOCH": _EPOCH, **os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0:
        give_up(f"{backend} could not build the wheel:\n{built.stderr.strip()}", FAILED)
    wheel = target / built.stdout.strip().splitlines()[-1]
    typer.echo(f"{wheel} ({wheel.stat().st_size:,} bytes)")


def _check_manifest(path: Path, language: Language | None) -> None:
    """Give up when the registry would refuse the wheel for its manifest; the rest is the backend's to say."""
    try:
        with contextlib.suppress(NotAMiniApp, OSError):
            from_project(path)
    except ManifestError as error:
        give_up(error.tell(chosen(language)))


def _backend(path: Path) -> str:
    try:
        project = tomllib.loads((path / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError:
        give_up(f"{path} has no pyproject.toml; `yimen new NAME` makes a project")
    except tomllib.TOMLDecodeError as error:
        give_up(f"{path / 'pyproject.toml'} is not TOML: {error}")
    backend = str(project.get("build-system", {}).get("build-backend", "setuptools.build_meta"))
    if find_spec(backend.split(".")[0]) is None:
        give_up(f"{backend} is not installed: `pip install {backend.split('.')[0]}`, then build again")
    return backend
