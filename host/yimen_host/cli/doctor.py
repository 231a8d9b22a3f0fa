"""Looks a host over from the command line; programs read the exit code."""

from collections.abc import Sequence

import typer

from yimen_host.app import services_of
from yimen_host.cli.conductor import DATABASE
from yimen_host.core.embedded import EmbeddedPostgres
from yimen_host.core.sockets import run_directory
from yimen_host.node import Node
from yimen_host.notices.dispatches.ways import Way
from yimen_host.runtime.extensions import loading
from yimen_host.runtime.health.finding import Finding, Verdict
from yimen_host.runtime.health.isolation import layers
from yimen_host.runtime.health.looking import Health, examine
from yimen_host.runtime.sandbox.layers import Layer
from yimen_host.runtime.supervision import Supervision
from yimen_host.settings import Settings

_MARKS = {
    Verdict.GOOD: ("ok", None),
    Verdict.WARNING: ("!!", typer.colors.YELLOW),
    Verdict.BAD: ("NO", typer.colors.RED),
}

_WIDEST = max(map(len, Layer))


class NoHost(Exception):
    """There is nothing to look at; the message says what to do."""


def with_embedded(settings: Settings) -> Settings:
    """The settings with the embedded database's address where none is named. Raises NoHost where there is no host."""
    if not (settings.var / "keys").is_dir():
        raise NoHost(f"there is no host in {settings.var.absolute()}: set YIMEN_VAR, or run `yimen-host run` first")
    if settings.database_url is not None:
        return settings
    place = settings.var.absolute() / "postgres"
    if not (place / "data" / "postmaster.pid").exists():
        raise NoHost("the embedded database does not run: start the host with `yimen-host run`")
    return settings.model_copy(update={"database_url": EmbeddedPostgres(place).database(DATABASE, owner=DATABASE).url})


async def examine_host(settings: Settings) -> Health:
    """Look at everything, from outside the host's processes."""
    services = services_of(settings)
    supervision = Supervision(run_directory(settings.var) / "control.sock")
    try:
        extensions = loading.load(services, settings.extensions)
        return await examine(services, supervision, extensions)
    finally:
        await supervision.close()
        await services.database.close()


async def test_alerts(settings: Settings) -> Sequence[tuple[Way, str]]:
    """Send a test on each way by which alerts leave the host; return each with why it was not taken."""
    node = Node.of(services_of(settings))
    try:
        return await node.dispatches.test()
    finally:
        await node.supervision.close()
        await node.services.database.close()


def tell(health: Health, language: str) -> None:
    """Print every finding and every layer, in a language."""
    for finding in health.findings:
        _line(finding, language)
    for layer in layers(health.isolation, language) if health.isolation else ():
        typer.echo(f"      {layer.name:<{_WIDEST}} {layer.state:<11} {layer.why}".rstrip())
        if layer.advice:
            typer.echo(f"      {'':<{_WIDEST}} -> {layer.advice}")


def _line(finding: Finding, language: str) -> None:
    mark, colour = _MARKS[finding.verdict]
    said = finding.say(language)
    typer.secho(f" {mark}  {said.of}: {said.told}", fg=colour)
    if said.advice:
        typer.echo(f"      -> {said.advice}")
