"""A mini-app's role and schema in PostgreSQL: their name, their making, and the limits that the server itself keeps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from yimen_host.core.keyring import Keyring
from yimen_host.runtime.quotas import Quota

Connection = psycopg.AsyncConnection[tuple[object, ...]]
SPARED = 0x59494D45
"""The class of the advisory locks by which the owner says: this role's sessions may take their time."""
STOPPED = 0
"""The connections of one that is stopped: see stops."""
_LIMITS_NOW = """
SELECT rolconnlimit, coalesce((SELECT setconfig FROM pg_db_role_setting WHERE setrole = oid AND setdatabase = 0), '{}')
FROM pg_roles WHERE rolname = %s
"""

_IS_SPARED = sql.SQL("""EXISTS (
  SELECT 1 FROM pg_locks l JOIN pg_stat_activity o ON o.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND o.usename = session_user
    AND l.classid = {spared} AND l.objid = (hashtext({role}::text)::int8 & 4294967295)::oid)""")


def name(owner: URL, app_id: str) -> str:
    """The name of a mini-app's schema and role."""
    return prefix(owner) + app_id.replace("-", "_")


def prefix(owner: URL) -> str:
    """How the names of all mini-apps' roles begin."""
    return f"{owner.username}_app_"


def app_of(owner: URL, role: str) -> str:
    """The mini-app of a role. An id has no underscore."""
    return role.removeprefix(prefix(owner)).replace("_", "-")


def conninfo(url: URL) -> str:
    """An address as libpq reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def acting_as(owner: URL, keyring: Keyring, app_id: str) -> URL:
    """The address of one who acts as the mini-app: a secret."""
    return owner.set(username=name(owner, app_id), password=keyring.password(f"database:{app_id}"))


async def make(connection: Connection, owner: URL, keyring: Keyring, app_id: str) -> None:
    """Make a mini-app's role and schema; doing it again changes nothing."""
    role = sql.Identifier(name(owner, app_id))
    known = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name(owner, app_id),))
    if await known.fetchone() is None:
        await connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(role))
    await put_password_back(connection, owner, keyring, app_id)
    await connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
    await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(role, role))
    await connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(str(owner.database)), role)
    )
    await connection.execute(sql.SQL("ALTER ROLE {} SET search_path = {}").format(role, role))


async def limit(connection: Connection, role: str, quota: Quota) -> None:
    """Let the server keep a role's limits from its next session on; changes nothing where it does already.

    One that is stopped stays so.

    The number of connections holds whatever the mini-app does. It may lift the times itself: see overtime.
    """
    found = await (await connection.execute(_LIMITS_NOW, (role,))).fetchone()
    if found is None:
        return
    most, set_now = found
    if most not in (STOPPED, quota.connections):
        await connection.execute(
            sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(sql.Identifier(role), sql.Literal(quota.connections))
        )
    for setting, seconds in (
        ("statement_timeout", quota.statement_seconds),
        ("lock_timeout", quota.statement_seconds),
        ("idle_in_transaction_session_timeout", quota.transaction_seconds),
    ):
        value = f"{round(seconds * 1000)}ms"
        if f"{setting}={value}" not in set_now:  # type: ignore[operator]  # an array of texts
            await connection.execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(
                    sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)
                )
            )


@asynccontextmanager
async def spared(owner: URL, app_id: str) -> AsyncIterator[Connection]:
    """A connection of the owner's; while it stands, sessions of the mini-app's role are not ended for taking long."""
    async with await psycopg.AsyncConnection.connect(conninfo(owner), autocommit=True) as connection:
        # Shared: several may spare one role. Only a lock of the owner's own counts.
        await connection.execute("SELECT pg_advisory_lock_shared(%s, hashtext(%s))", (SPARED, name(owner, app_id)))
        yield connection


def is_spared(role: sql.Identifier) -> sql.Composed:
    """The condition that a role, by the column with its name, is spared just now."""
    return _IS_SPARED.format(spared=sql.Literal(SPARED), role=role)


async def hold(connection: Connection, app_id: str) -> None:
    """Let nobody else make, change or drop this mini-app's role or schema while the connection stands."""
    await connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"install:{app_id}",))


async def put_password_back(connection: Connection, owner: URL, keyring: Keyring, app_id: str) -> None:
    """Undo what a mini-app may do to its role's password, by which it would keep its host out."""
    password = sql.Literal(keyring.password(f"database:{app_id}"))
    role = sql.Identifier(name(owner, app_id))
    await connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))
