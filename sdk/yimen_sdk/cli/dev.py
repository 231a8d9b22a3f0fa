"""`yimen dev`: the real host around the project, with a sandbox identity and bank, anew after each change."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from yimen_sdk.cli.failure import give_up
from yimen_sdk.manifest import ManifestError
from yimen_sdk.rules import NotAMiniApp, from_project
from yimen_sdk.terminal import language_of


def dev(path: Annotated[Path, typer.Argument(help="The project of a mini-app.")] = Path(".")) -> None:
    """Serve the project in the demo host on this machine until Ctrl-C."""
    try:
        manifest = from_project(path).manifest
    except ManifestError as error:
        give_up(error.tell(language_of(os.environ)))
    except NotAMiniApp as error:
        give_up(error.tell(language_of(os.environ)))
    except OSError as error:
        give_up(str(error))
    if importlib.util.find_spec("yimen_host") is None:
        give_up("yimen dev runs the real host: install yimen-host beside yimen-sdk, then run it again.")
    typer.echo(f"Starting the demo host; {manifest.id} will be on its start page. Ctrl-C stops it.")
    command = [sys.executable, "-m", "yimen_host.cli", "dev", str(path)]
    with subprocess.Popen(command) as host:
        while host.poll() is None:
            try:
                host.wait()
            except KeyboardInterrupt:
                continue  # the host stops itself by the same Ctrl-C
    raise typer.Exit(host.returncode)
