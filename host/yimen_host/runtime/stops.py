"""Keeps a mini-app out of the database, whatever it does: no connections, and nobody else who writes for it.

The server itself remembers who is stopped: a quota has at least one connection, so a role with none was stopped. Every
process of the host is told that there is something to read, in the transaction that changes it.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from yimen_host.core.keyring import Keyring
from yimen_host.runtime import roles
from yimen_host.runtime.quotas import Quota

CHANNEL = "yimen_stops"
TRIES = 5
"""A session may change its own role in a transaction that it keeps open: each try ends those that are there."""
END_MILLISECONDS = 2000
"""To wait until a session has ended."""
_LISTED = """
SELECT DISTINCT refobjid::regrole::text FROM pg_shdepend a
WHERE a.refclassid = 'pg_authid'::regclass AND a.deptype = 'a' AND a.refobjid <> %(role)s::regrole AND EXISTS (
  SELECT 1 FROM pg_shdepend o WHERE o.refclassid = 'pg_authid'::regclass AND o.refobjid = %(role)s::regrole
    AND o.deptype = 'o' AND (o.dbid, o.classid, o.objid) = (a.dbid, a.classid, a.objid))
"""
"""Whom the role gave anything."""
_FREEZE = """
SELECT format('ALTER ROUTINE %%s SET role TO none', oid::regprocedure)
FROM pg_proc WHERE proowner = %(role)s::regrole AND prokind <> 'a'
"""
"""PostgreSQL refuses to change the role where a function runs with another's rights, and so to call it."""
_THAW = """
SELECT format('ALTER ROUTINE %%s RESET role', oid::regprocedure)
FROM pg_proc WHERE proowner = %(role)s::regrole AND 'role=none' = ANY (proconfig)
"""
_SEVER = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', c.conrelid::regclass, c.conname)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
WHERE c.contype = 'f' AND t.relowner = %(role)s::regrole AND f.relowner <> t.relowner AND c.conparentid = 0
"""

log = logging.getLogger("yimen.runtime")


async def stop(connection: roles.Connection, role: str, password: str | None = None) -> None:
    """Let nobody write with a mini-app's rights: no session of its own, and nothing it prepared for others to set off.

    Doing it again does what is left. ``password``: what it has from now on, if another.
    """
    for left in reversed(range(TRIES)):
        await _end_sessions(connection, role)
        try:
            async with connection.transaction():
                await _allow(connection, role, roles.STOPPED, password)
                await _tell(connection)
            break
        except (psycopg.errors.LockNotAvailable, psycopg.errors.InternalError_):
            if not left:
                raise
    await _end_sessions(connection, role)
    await _shut_out_others(connection, role)
    # Its functions run with its rights where another's trigger, an index or autovacuum calls them.
    await _carry_out(connection, _FREEZE, role)
    # So do cascades, and the rules of the tables they reach.
    await _carry_out(connection, _SEVER, role)


async def let_on(connection: roles.Connection, role: str, quota: Quota) -> None:
    """Let a mini-app that was stopped go on."""
    await _carry_out(connection, _THAW, role)
    async with connection.transaction():
        await _allow(connection, role, quota.connections)
        await _tell(connection)


@asynccontextmanager
async def let_in(
    connection: roles.Connection, owner: URL, keyring: Keyring, app_id: str, quota: Quota
) -> AsyncIterator[URL]:
    """The address, a secret, at which the host acts as a mini-app, also one that is stopped.

    That one's own processes have another password meanwhile, so that none of them takes the place or the occasion.
    """
    role = roles.name(owner, app_id)
    if not await _is_stopped(connection, role):
        yield roles.acting_as(owner, keyring, app_id)
        return
    password = keyring.password(f"database:{app_id}:stopped")
    await _carry_out(connection, _THAW, role)
    await _allow(connection, role, quota.connections, password)
    try:
        yield owner.set(username=role, password=password)
    finally:
        await stop(connection, role, keyring.password(f"database:{app_id}"))


async def _is_stopped(connection: roles.Connection, role: str) -> bool:
    found = await connection.execute("SELECT rolconnlimit FROM pg_roles WHERE rolname = %s", (role,))
    return await found.fetchone() == (roles.STOPPED,)


async def _allow(connection: roles.Connection, role: str, sessions: int, password: str | None = None) -> None:
    statement = sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(sql.Identifier(role), sql.Literal(sessions))
    if password is not None:
        statement += sql.SQL(" PASSWORD {}").format(sql.Literal(password))
    await connection.execute(statement)


async def _tell(connection: roles.Connection) -> None:
    await connection.execute(sql.SQL("NOTIFY {}").format(sql.Identifier(CHANNEL)))


async def _end_sessions(connection: roles.Connection, role: str) -> None:
    await connection.execute(
        "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE usename = %s", (END_MILLISECONDS, role)
    )


async def _shut_out_others(connection: roles.Connection, role: str) -> None:
    """Take back what a mini-app gave to others, who could go on writing into its tables."""
    others = [sql.SQL("PUBLIC"), *await _told(connection, _LISTED, role)]
    for what in ("SCHEMA {}", "ALL TABLES IN SCHEMA {}", "ALL SEQUENCES IN SCHEMA {}", "ALL ROUTINES IN SCHEMA {}"):
        statement = sql.SQL("REVOKE ALL ON " + what + " FROM {} CASCADE")
        await connection.execute(statement.format(sql.Identifier(role), sql.SQL(", ").join(others)))


async def _carry_out(connection: roles.Connection, query: str, role: str) -> None:
    """Execute the statements that a query makes."""
    for statement in await _told(connection, query, role):
        await connection.execute(statement)


async def _told(connection: roles.Connection, query: str, role: str) -> list[sql.SQL]:
    """What the server writes in SQL, with every name quoted."""
    found = await connection.execute(query.encode(), {"role": sql.Identifier(role).as_string(connection)})
    return [sql.SQL(str(text)) for (text,) in await found.fetchall()]
