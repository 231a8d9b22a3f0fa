"""Findings on the database: whether it answers, has the tables of this version, and a connection for everybody."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from yimen_host.core.database import Database
from yimen_host.runtime.health.finding import Finding, Verdict
from yimen_host.runtime.metrics.neighbours import Told
from yimen_host.runtime.room import room as look_for_room
from yimen_sdk.bilingual import Bilingual

OLDEST_POSTGRESQL = 15
PATIENCE_SECONDS = 10.0
_DATABASE = Bilingual(zh="数据库", en="Database")


@dataclass(frozen=True)
class DatabaseAnswers(Finding):
    """It is there, and new enough."""

    verdict, of, told = Verdict.GOOD, _DATABASE, Bilingual(zh="PostgreSQL {version}", en="PostgreSQL {version}")
    version: str


@dataclass(frozen=True)
class DatabaseOld(Finding):
    """It lacks what the host needs."""

    verdict, of, told = Verdict.BAD, _DATABASE, Bilingual(zh="PostgreSQL {version}", en="PostgreSQL {version}")
    advice = Bilingual(zh="请升级到 {oldest} 或更新的版本", en="upgrade to {oldest} or later")
    version: int
    oldest: int


@dataclass(frozen=True)
class DatabaseAway(Finding):
    """It does not answer, or not us."""

    verdict, of, told = Verdict.BAD, _DATABASE, Bilingual(zh="连接不上：{reason}", en="it cannot be reached: {reason}")
    advice = Bilingual(
        zh="请检查 YIMEN_DATABASE_URL，并确认数据库服务在运行", en="check YIMEN_DATABASE_URL and that the server runs"
    )
    reason: str


@dataclass(frozen=True)
class TablesMissing(Finding):
    """The database is not of this version."""

    verdict, of = Verdict.BAD, Bilingual(zh="数据表", en="Tables")
    told = Bilingual(zh="不能读取：{reason}", en="they cannot be read: {reason}")
    advice = Bilingual(zh="请运行 `yimen-host migrate`", en="run `yimen-host migrate`")
    reason: str


@dataclass(frozen=True)
class ConnectionsFew(Finding):
    """Somebody is turned away when everybody takes what they may."""

    verdict, of = Verdict.WARNING, Bilingual(zh="数据库连接", en="Database connections")
    told = Bilingual(
        zh="小程序最多可用 {apps} 个，本机 {hosts} 个，而服务器一共 {all} 个",
        en="mini-apps may take {apps} and this machine {hosts} of the server's {all}",
    )
    advice = Bilingual(
        zh="请调高 PostgreSQL 的 max_connections，或在 YIMEN_QUOTAS 中调低 `connections`",
        en="raise max_connections of PostgreSQL, or lower `connections` in YIMEN_QUOTAS",
    )
    apps: int
    hosts: int
    all: int


async def database(there: Database) -> Finding:
    """Look whether it answers, and how old it is."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), there.transaction() as session:
            number = int((await session.execute(text("SHOW server_version_num"))).scalar_one())
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        reason = str(getattr(error, "orig", None) or error) or type(error).__name__
        return DatabaseAway(reason.splitlines()[0])
    version, minor = divmod(number, 10_000)
    if version < OLDEST_POSTGRESQL:
        return DatabaseOld(version, OLDEST_POSTGRESQL)
    return DatabaseAnswers(f"{version}.{minor}")


async def room(there: Database, neighbours: Told) -> list[Finding]:
    """Look whether there is a connection for everybody who may want one at the same time."""
    async with there.transaction() as session:
        found = await look_for_room(session, there.url, neighbours.counts)
    return [] if found.is_enough else [ConnectionsFew(found.apps, found.hosts, found.all)]
