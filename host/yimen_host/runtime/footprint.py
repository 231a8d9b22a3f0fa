"""How much each mini-app keeps in the database, as the server measures it with the owner's rights."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from psycopg import sql
from psycopg.rows import class_row
from sqlalchemy.engine import URL

from yimen_host.runtime import roles

_PLACES = sql.SQL("""
SELECT r.rolname AS role, r.rolconnlimit = %(stopped)s AS is_stopped, {is_spared} AS is_spared
FROM pg_roles r WHERE starts_with(r.rolname::text, %(prefix)s) ORDER BY 1
""").format(is_spared=roles.is_spared(sql.Identifier("r", "rolname")))
# Indexes and what a column holds elsewhere count with their table. Whose a large object is can be seen, how large it is
# only by a superuser: whoever has one answers for all of them.
_SIZES = """
SELECT r.rolname, (
  coalesce(sum(pg_total_relation_size(d.objid)) FILTER (WHERE d.classid = 'pg_class'::regclass), 0)
  + CASE WHEN bool_or(d.classid = 'pg_largeobject'::regclass) THEN pg_total_relation_size('pg_largeobject') ELSE 0 END
)::int8
FROM pg_roles r LEFT JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
  AND d.deptype = 'o' AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
WHERE r.rolname = ANY(%s) GROUP BY r.rolname
"""


@dataclass(frozen=True)
class Place:
    """A mini-app's place at the database."""

    role: str
    is_stopped: bool
    is_spared: bool
    """The host acts as it just now: a migration or an export runs."""


async def places(link: roles.Connection, owner: URL) -> list[Place]:
    """Every mini-app's."""
    values = {"stopped": roles.STOPPED, "prefix": roles.prefix(owner)}
    async with link.cursor(row_factory=class_row(Place)) as cursor:
        return await (await cursor.execute(_PLACES, values)).fetchall()


async def sizes(link: roles.Connection, of: Collection[str]) -> Mapping[str, int]:
    """What these roles' tables take on the disk, in bytes. Waits for who locks one of them."""
    found = await (await link.execute(_SIZES, (list(of),))).fetchall()
    return {str(role): int(size) for role, size in found}  # type: ignore[call-overload]  # a row is of objects
