"""Installs a release: the mini-app's own schema and role in PostgreSQL, and its migrations under that role.

Migrations are numbered SQL files in the package (``migrations/0001_links.sql``): a reviewer reads them as they run.
"""

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from yimen_host.core.errors import HostError
from yimen_host.core.services import Services
from yimen_host.runtime import contracting, roles, stops, store
from yimen_host.runtime.complaints import MIGRATION_FAILED, NOT_NUMBERED
from yimen_host.runtime.models import ContractionRow, InstalledAppRow
from yimen_host.runtime.quotas import Quota
from yimen_registry import ReleaseRecord
from yimen_sdk.saying import Said

MIGRATION_SECONDS = 60
_NUMBERED = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class InstallError(HostError):
    """A release cannot be installed; it says what its publisher must change."""

    code = "cannot_install"

    def __init__(self, why: Said, message: str = "") -> None:
        super().__init__(message or why.message)
        self.why = why


@dataclass(frozen=True)
class Migration:
    """One step of a mini-app's schema."""

    number: int
    path: Path


class Installs:
    """Makes the place a mini-app keeps its data in."""

    def __init__(self, services: Services, quota_of: Callable[[str], Quota] = lambda app_id: Quota()) -> None:
        self._services = services
        self._quota_of = quota_of
        self._owner = services.database.url

    async def install(
        self, app_id: str, tree: Path, module: str, others: Collection[str] = (), *, version: str
    ) -> None:
        """Make the schema and role and run the migrations that have not run. Doing it again changes nothing.

        `others` are the versions that go on serving beside this one: nothing they may use is taken away. Raises
        InstallError naming the migration that failed; what ran before it stays, the failed one is undone. Raises it
        also for a version that cannot serve any more.
        """
        steps = migrations(tree, module)
        if reason := await self.unfit(app_id, version, len(steps)):
            raise InstallError(Said(message=reason))
        async with self._services.database.transaction() as session:
            row = await store.installed(session, app_id)
        done = row.migration if row else 0
        if row is not None and all(step.number <= done for step in steps):
            return
        async with roles.spared(self._owner, app_id) as connection:
            # Two processes that hear of a release at once install it one after the other.
            await roles.hold(connection, app_id)
            await self._install(connection, app_id, steps, others, version)

    async def unfit_release(self, release: ReleaseRecord) -> str:
        """Why a release of the registry's cannot serve here any more; empty when it can."""
        try:
            steps = len(migrations(release.tree, release.module))
        except InstallError as error:
            return error.message
        return await self.unfit(release.app_id, release.version, steps)

    async def unfit(self, app_id: str, version: str, steps: int) -> str:
        """Why a version with so many migrations cannot serve here any more; empty when it can."""
        async with self._services.database.transaction() as session:
            taken = await store.contractions(session, app_id)
        for row in taken:
            if row.number > steps and contracting.is_before(version, row.since):
                return (
                    f"{app_id} {version} cannot serve any more: migration {row.name} took away what versions before "
                    f"{row.since} use. Go to {row.since} or later, or release a version that does without it"
                )
        return ""

    async def _install(
        self, connection: roles.Connection, app_id: str, steps: list[Migration], others: Collection[str], version: str
    ) -> None:
        async with self._services.database.transaction() as session:
            row = await store.installed(session, app_id)
        done = row.migration if row else 0
        if row is None or any(step.number > done for step in steps):
            await roles.make(connection, self._owner, self._services.keyring, app_id)
            await roles.limit(connection, self.place(app_id), self._quota_of(app_id))
        async with self._let_in(connection, app_id) as address:
            for step in steps:
                if step.number > done:
                    text = step.path.read_text("utf-8")
                    if reason := contracting.refusal(text, others):
                        raise InstallError(Said(message=f"{app_id}: migration {step.path.name} {reason}"))
                    await self._run(app_id, step, address)
                    done = step.number
                    await self._note(app_id, done, step.path.name, contracting.since(text, version))
        await self._note(app_id, done)

    async def limit(self, app_ids: Iterable[str]) -> None:
        """Let the database keep the limits of these mini-apps. Two processes may do so at once."""
        async with await psycopg.AsyncConnection.connect(roles.conninfo(self._owner), autocommit=True) as connection:
            for app_id in app_ids:
                await roles.hold(connection, app_id)
                await roles.limit(connection, self.place(app_id), self._quota_of(app_id))
                # A host that died while it acted as a stopped one left another password.
                await roles.put_password_back(connection, self._owner, self._services.keyring, app_id)

    async def full(self) -> frozenset[str]:
        """The mini-apps that are stopped because they keep too much, as the server remembers."""
        async with self._services.database.transaction() as session:
            found = await store.roles_without_connections(session, roles.prefix(self._owner))
        return frozenset(roles.app_of(self._owner, role) for role in found)

    @asynccontextmanager
    async def spared(self, app_id: str) -> AsyncIterator[str]:
        """Where to act as an installed mini-app at the database, a secret; one may take one's time meanwhile."""
        async with roles.spared(self._owner, app_id) as connection:
            await roles.hold(connection, app_id)
            await roles.put_password_back(connection, self._owner, self._services.keyring, app_id)
            async with self._let_in(connection, app_id) as address:
                yield address

    async def uninstall(self, app_id: str) -> None:
        """Drop the schema and the role with everything in them. Doing it again changes nothing."""
        role = self.place(app_id)
        name = sql.Identifier(role)
        async with await psycopg.AsyncConnection.connect(roles.conninfo(self._owner), autocommit=True) as connection:
            await roles.hold(connection, app_id)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (role,)
            )
            await connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))
            known = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
            if await known.fetchone():
                await connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
                await connection.execute(sql.SQL("DROP ROLE {}").format(name))

    def place(self, app_id: str) -> str:
        """The name of a mini-app's schema and role."""
        return roles.name(self._owner, app_id)

    def address(self, app_id: str, socket_dir: str) -> str:
        """Where a mini-app finds its own schema, as a libpq address."""
        role, password = self.place(app_id), self._services.keyring.password(f"database:{app_id}")
        return f"postgresql://{role}:{password}@/{self._owner.database}?host={socket_dir}"

    @asynccontextmanager
    async def _let_in(self, connection: roles.Connection, app_id: str) -> AsyncIterator[str]:
        keyring, quota = self._services.keyring, self._quota_of(app_id)
        async with stops.let_in(connection, self._owner, keyring, app_id, quota) as url:
            yield roles.conninfo(url)

    async def _run(self, app_id: str, step: Migration, address: str) -> None:
        async with await psycopg.AsyncConnection.connect(address) as connection:
            try:
                await connection.execute(f"SET statement_timeout = '{MIGRATION_SECONDS}s'".encode())
                await connection.execute(step.path.read_bytes())
            except psycopg.Error as error:
                first = str(error).partition("\n")[0]
                why = MIGRATION_FAILED.said(app=app_id, step=step.path.name, error=first)
                raise InstallError(why, f"{app_id}: migration {step.path.name} failed: {error}") from error

    async def _note(self, app_id: str, number: int, name: str = "", since: str | None = None) -> None:
        now = self._services.clock.now()
        async with self._services.database.transaction() as session:
            await store.note_installed(session, InstalledAppRow(app_id=app_id, migration=number, installed_at=now))
            if since is not None:
                taken = ContractionRow(app_id=app_id, number=number, name=name, since=since, ran_at=now)
                await store.add_contraction(session, taken)


def migrations(tree: Path, module: str) -> list[Migration]:
    """The numbered migrations of a package, in order. Raises InstallError when numbers repeat or have gaps."""
    directory = tree.joinpath(*module.split("."), "migrations")
    named = ((_NUMBERED.fullmatch(path.name), path) for path in sorted(directory.glob("*.sql")))
    steps = [Migration(int(match[1]), path) for match, path in named if match]
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise InstallError(NOT_NUMBERED.said(module=module))
    return steps
