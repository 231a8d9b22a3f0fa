"""What a look at the host finds, and what it says to change."""

from dataclasses import replace
from datetime import UTC, datetime
from errno import EINVAL
from pathlib import Path

import psycopg
from tests.host.runtime.acting import release
from tests.host.village import Village

from yimen_host.core.database import Database
from yimen_host.runtime import roles
from yimen_host.runtime.complaints import SHARED_DOMAIN
from yimen_host.runtime.contract import Concern, IsolationReport, LayerReport, Remark
from yimen_host.runtime.extensions.loading import Extensions, Record, State
from yimen_host.runtime.health.database import ConnectionsFew, DatabaseAnswers, DatabaseAway
from yimen_host.runtime.health.finding import Finding, Verdict
from yimen_host.runtime.health.isolation import Alerted, Isolated, LayerFailed, SupervisorAway, TooOpen
from yimen_host.runtime.health.looking import examine
from yimen_host.runtime.health.machine import DiskRoomy, DomainsApart, DomainsShared, KeysKept
from yimen_host.runtime.health.processes import AppFull, ExtensionLeftOut, WebSocketsAsked
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.quotas import Quota, Quotas
from yimen_host.runtime.room import room
from yimen_host.runtime.sandbox.layers import Layer, LayerState
from yimen_host.runtime.sandbox.reasons import refused
from yimen_host.runtime.supervision import SupervisorUnavailable
from yimen_host.settings import Settings

CHECKED = datetime(2026, 11, 22, 3, tzinfo=UTC)
FULL = IsolationReport(4, "full", (LayerReport(Layer.UID, LayerState.ENFORCED),), (), (), CHECKED, 60)


def remade(settings: Settings, **changed: object) -> Settings:
    """The settings with others in their place; what was worked out of them is worked out anew."""
    return Settings(**{**settings.model_dump(), **{k: v for k, v in changed.items() if k != "database"}})


async def look(here: Village, report: IsolationReport | None = FULL, **settings: object) -> list[Finding]:
    """Look over the village; its supervisor says this."""

    async def isolation() -> IsolationReport:
        if report is None:
            raise SupervisorUnavailable("no supervisor answers")
        return report

    here.supervision.isolation = isolation  # type: ignore[method-assign]  # the village's stands in for one
    changed = remade(here.services.settings, **settings)
    changed.var.joinpath("keys").mkdir(parents=True, exist_ok=True)
    changed.var.joinpath("keys", "master.json").touch(mode=0o600)
    database = settings.get("database", here.services.database)
    assert isinstance(database, Database)
    extensions = Extensions(records=(Record("bank", State.QUARANTINED, reason="it has no hook"),))
    return list(
        (
            await examine(replace(here.services, settings=changed, database=database), here.supervision, extensions)
        ).findings
    )


def kinds(found: list[Finding]) -> dict[type[Finding], Finding]:
    """One finding of each kind."""
    return {type(finding): finding for finding in found}


async def test_a_host_that_is_well_says_so(here: Village) -> None:
    found = kinds(await look(here))

    assert list(found) == [DatabaseAnswers, Isolated, DomainsApart, DiskRoomy, KeysKept, ExtensionLeftOut]
    assert [finding for finding in found.values() if finding.verdict is not Verdict.GOOD] == [
        ExtensionLeftOut("bank", "it has no hook")
    ]
    assert found[Isolated].say("en").told == "level 4, full; 60 probes at 2026-11-22 03:00 UTC"
    assert found[Isolated].say("zh").told == "等级 4（完整）；2026-11-22 03:00 UTC 试了 60 种攻击"
    assert found[DatabaseAnswers].say("en").told.startswith("PostgreSQL ")


async def test_what_is_bad_says_what_to_change(here: Village, tmp_path: Path) -> None:
    away = Database(f"postgresql://nobody@/nothing?host={tmp_path}")
    low = replace(
        FULL, level=1, name="partial", alerts=(Remark(Concern.OPEN, "learn-host-name"),),
        layers=(LayerReport(Layer.SECCOMP, LayerState.FAILED, refused(OSError(EINVAL, "Invalid argument"))),),
    )  # fmt: skip

    found = await look(here, low, database=away, portal_url="https://portal.yimen.test", apps_domain="apps.yimen.test")

    bad = {type(finding): finding.say("en").advice for finding in found if finding.verdict is Verdict.BAD}
    assert bad == {
        DatabaseAway: "check YIMEN_DATABASE_URL and that the server runs",
        TooOpen: "third parties need level 2: see what the layers below say",
        Alerted: "mini-apps are kept back until it is closed",
        LayerFailed: "see log/supervisor.log",
        DomainsShared: "set YIMEN_APPS_DOMAIN to a registrable domain of its own, "
        "or accept it (YIMEN_ACCEPT_SHARED_DOMAIN=1)",
        ExtensionLeftOut: "repair it, or take it out of YIMEN_EXTENSIONS",
    }
    assert [kinds(found)[LayerFailed].say(language).told for language in ("zh", "en")] == [
        "系统拒绝了（EINVAL Invalid argument）",
        "the system refused it (EINVAL Invalid argument)",
    ]
    assert kinds(found)[Alerted].say("en").told == "probe learn-host-name is open: Learn the machine's name"
    assert SupervisorAway() in await look(here, None)


async def test_too_few_connections_for_everybody_are_told(here: Village, tmp_path: Path) -> None:
    before = await look(here)
    async with here.services.database.transaction() as session:  # the roles of earlier tests are there, too
        taken = (await room(session, here.services.database.url, [])).apps
    greedy = Installs(here.services, lambda app_id: Quota(connections=100))
    for app_id in ("x", "y"):
        await greedy.install(app_id, tmp_path, "yimen_x", version="1.0.0")

    after = await look(here)

    assert ConnectionsFew not in kinds(before)
    assert kinds(after)[ConnectionsFew] == ConnectionsFew(apps=taken + 200, hosts=19, all=197)


async def test_who_fills_the_database_is_told(here: Village, tmp_path: Path) -> None:
    installs = Installs(here.services)
    release(tmp_path, "x", "CREATE TABLE cup AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 2000) n")
    await installs.install("x", tmp_path, "yimen_x", version="1.0.0")
    here.node.quotas.take_over(Quotas(Quota(database_mib=1), {}))
    async with await psycopg.AsyncConnection.connect(
        roles.conninfo(here.services.database.url), autocommit=True
    ) as link:
        await here.node._surveyor.look(link)

    found = kinds(await look(here))
    await installs.uninstall("x")

    assert found[AppFull].say("en").told == "it keeps 2 of 1 MiB in the database, and may not connect to it"


async def test_the_websockets_of_each_mini_app_are_told(here: Village) -> None:
    quiet, busy = here.node.traffic["quiet"].sockets, here.node.traffic["tea"].sockets
    with busy.opening(), busy.opening():
        pass
    busy.refused = 1
    with busy.opening():
        found = await look(here)

    sockets = [finding for finding in found if isinstance(finding, WebSocketsAsked)]
    assert (quiet.opened, sockets) == (0, [WebSocketsAsked("tea", open=1, opened=3, refused=1)])


async def test_strangers_are_not_served_on_the_portals_own_domain(here: Village) -> None:
    settings = here.services.settings
    why = (SHARED_DOMAIN.said(origin="https://tea.apps.yimen.test"),)
    for accepted, served, left_out in ((False, [], {("tea", "1.0.0"): why}), (True, ["tea"], {})):
        changed = {
            "portal_url": "https://yimen.test",
            "apps_domain": "apps.yimen.test",
            "accept_shared_domain": accepted,
        }
        here.node.directory._services = replace(here.services, settings=remade(settings, **changed))
        await here.node.refresh()

        assert [release.app_id for release in here.node.directory.releases()] == served
        assert here.node.directory.left_out == left_out
