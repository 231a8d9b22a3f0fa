"""``yimen-host``: run, migrate, look after a host."""

import asyncio
import logging
import socket
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from yimen_host.cli.conductor import CannotStart, Conductor
from yimen_host.settings import Settings
from yimen_sdk.cli.language import LANGUAGE, chosen

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.command()
def run() -> None:
    """Start everything on this machine: database, supervisor, jobs, host; Ctrl-C stops all of it."""
    _conduct(Conductor(_settings()))


@app.command()
def dev(project: Annotated[Path, typer.Argument(help="the project of a mini-app")] = Path(".")) -> None:
    """Serve a mini-app's project in the demo host, anew after each change."""
    settings = _settings().model_copy(update={"demo": True, "project": project.resolve()})
    _conduct(Conductor(settings))


@app.command()
def migrate() -> None:
    """Bring the database in YIMEN_DATABASE_URL to the tables this version needs."""
    from yimen_host.cli.prepare import migrate_all

    migrate_all(_with_database(_settings()))


@app.command(hidden=True)
def prepare() -> None:
    """Migrate, and fill in the demo when this is one: what ``run`` does before it serves."""
    from yimen_host.cli.prepare import migrate_all

    settings = _logged(_with_database(_settings()))
    migrate_all(settings)
    if settings.demo:
        from yimen_host.cli.demo import fill

        asyncio.run(fill(settings))


@app.command()
def serve(
    fd: Annotated[int | None, typer.Option(help="the descriptor of a listening socket, instead of an address")] = None,
) -> None:
    """Serve one host process (the database must be migrated and the supervisor running)."""
    from yimen_host.cli.serving import serve as serve_host

    listener = None if fd is None else socket.socket(fileno=fd)
    serve_host(_logged(_with_database(_settings())), listener)


@app.command()
def jobs() -> None:
    """Run one jobs worker."""
    from yimen_host.app import services_of
    from yimen_host.jobs import Jobs
    from yimen_host.node import Node

    settings = _logged(_with_database(_settings()))

    async def work() -> None:
        await Jobs(Node.of(services_of(settings))).run()

    asyncio.run(work())


@app.command()
def extensions() -> None:
    """Say what each extension in YIMEN_EXTENSIONS offers, or why it is left out."""
    from yimen_host.app import services_of
    from yimen_host.runtime.extensions.loading import load

    settings = _settings()
    url = settings.database_url or "postgresql://nobody@/none"  # nothing connects: an extension only describes
    found = load(services_of(settings.model_copy(update={"database_url": url})), settings.extensions)
    for record in found.records:
        told = "; ".join(offer.en for offer in record.offers) if record.offers else record.reason
        typer.echo(f"{record.name:<16} {record.state.value:<12} {record.distribution} {record.version}  {told}")
    raise typer.Exit(1 if found.broken() else 0)


@app.command()
def doctor(language: LANGUAGE = None) -> None:
    """Tell what of this host stands as it should, and what to change; the exit code is 1 when something is bad."""
    from yimen_host.cli.doctor import NoHost, examine_host, tell, with_embedded

    try:
        health = asyncio.run(examine_host(with_embedded(_settings())))
    except NoHost as reason:
        typer.secho(str(reason), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
    tell(health, chosen(language))
    raise typer.Exit(0 if health.is_well else 1)


@app.command("test-alert")
def test_alert() -> None:
    """Send a test on each way by which alerts leave the host; the exit code is 1 when one is not taken."""
    from yimen_host.cli.doctor import NoHost, test_alerts, with_embedded

    try:
        told = asyncio.run(test_alerts(with_embedded(_settings())))
    except NoHost as reason:
        typer.secho(str(reason), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
    for way, why in told:
        typer.secho(f"{way.title}: {why or 'taken'}", fg=typer.colors.RED if why else None)
    if not told:
        typer.echo("alerts stay in the console's inbox: set YIMEN_ALERT_WEBHOOK or YIMEN_ALERT_PHONES", err=True)
    raise typer.Exit(1 if not told or any(why for _, why in told) else 0)


@app.command()
def audit() -> None:
    """Recompute every sum and every hash of the ledger's journal; the exit code is 1 when something is not right."""
    from yimen_host.cli.audit import audit_ledger
    from yimen_host.cli.doctor import NoHost, with_embedded

    try:
        faults = asyncio.run(audit_ledger(with_embedded(_settings())))
    except NoHost as reason:
        typer.secho(str(reason), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
    for fault in faults:
        typer.secho(fault, fg=typer.colors.RED)
    if not faults:
        typer.echo("every sum and every hash of the journal is right")
    raise typer.Exit(1 if faults else 0)


@app.command("make-admin")
def make_admin(phone: Annotated[str, typer.Argument(help="the phone number of an account")]) -> None:
    """Give an account the duties of reviewer and admin."""
    from yimen_host.cli.prepare import make_admin as make

    if not asyncio.run(make(_with_database(_settings()), phone)):
        typer.secho(f"No account has the phone number {phone}: sign up first.", fg=typer.colors.RED, err=True)
        raise typer.Exit(1)


def main() -> None:
    """The command's entry point."""
    app()


def _conduct(conductor: Conductor) -> None:
    try:
        code = conductor.run()
    except CannotStart as reason:
        typer.secho(f"Yimen cannot start: {reason}", fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(code)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = "YIMEN_" + "_".join(map(str, fault["loc"])).upper()
            typer.secho(f"{name}: {fault['msg']}", fg=typer.colors.RED, err=True)
        raise typer.Exit(2) from None


def _with_database(settings: Settings) -> Settings:
    if settings.database_url is None:
        typer.secho("Set YIMEN_DATABASE_URL: only `yimen-host run` starts the embedded database.", err=True)
        raise typer.Exit(2)
    return settings


def _logged(settings: Settings) -> Settings:
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    return settings
