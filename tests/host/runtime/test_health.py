"""What a look at the host finds, and what it says to change."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from tests.host.runtime.acting import release
from tests.host.village import Village

from yimen_host.core.database import Database
from yimen_host.runtime import roles
from yimen_host.runtime.contract import IsolationReport, LayerReport
from yimen_host.runtime.extensions.loading import Extensions, Record, State
from yimen_host.runtime.health import Finding, Health, Verdict, examine
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.quotas import Quota, Quotas
from yimen_host.runtime.room import room
from yimen_host.runtime.sandbox.layers import Layer, LayerState
from yimen_host.runtime.supervision import SupervisorUnavailable
from yimen_host.settings import Settings

CHECKED = datetime(2026, 11, 22, 3, tzinfo=UTC)
FULL = IsolationReport(4, "full", (LayerReport(Layer.UID, LayerState.ENFORCED),), (), (), CHECKED, 60)


def remade(settings: Settings, **changed: object) -> Settings:
    """The settings with others in their place; what was worked out of them is worked out anew."""
    return Settings(**{**settings.model_dump(), **{k: v for k, v in changed.items() if k != "database"}})


async def look(here: Village, report: IsolationReport | None = FULL, **settings: object) -> dict[str, Finding]:
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
    health = await examine(changed, database, here.supervision, extensions)
    assert isinstance(health, Health)
    return {finding.name: finding for finding in health.findings}


async def test_a_host_that_is_well_says_so(here: Village) -> None:
    found = await look(here)

    assert {name: finding.verdict for name, finding in found.items()} == {
        "database": Verdict.GOOD, "isolation": Verdict.GOOD, "domains": Verdict.GOOD, "disk": Verdict.GOOD,
        "keys": Verdict.GOOD, "extension bank": Verdict.BAD,
    }  # fmt: skip
    assert found["isolation"].told == "level 4, full; 60 probes at 2026-11-22 03:00 UTC"
    assert found["database"].told.startswith("PostgreSQL ")


async def test_what_is_bad_says_what_to_change(here: Village, tmp_path: Path) -> None:
    away = Database(f"postgresql://nobody@/nothing?host={tmp_path}")
    low = replace(
        FULL, level=1, name="partial", alerts=("probe signals is open",),
        layers=(LayerReport(Layer.SECCOMP, LayerState.FAILED, "EINVAL"),),
    )  # fmt: skip

    found = await look(here, low, database=away, portal_url="https://portal.yimen.test", apps_domain="apps.yimen.test")

    bad = {name: finding.advice for name, finding in found.items() if finding.verdict is Verdict.BAD}
    assert bad == {
        "database": "check YIMEN_DATABASE_URL and that the server runs",
        "isolation": "third parties need level 2: see what the layers below say",
        "alert": "mini-apps are kept back until it is closed",
        "layer seccomp": "see log/supervisor.log",
        "domains": "set YIMEN_APPS_DOMAIN to a registrable domain of its own, or accept it",
        "extension bank": "repair it, or take it out of the setting",
    }
    assert [(await look(here, None))["supervisor"].told] == ["no supervisor answers"]


async def test_too_few_connections_for_everybody_are_told(here: Village, tmp_path: Path) -> None:
    before = await look(here)
    async with here.services.database.transaction() as session:  # the roles of earlier tests are there, too
        taken = (await room(session, here.services.database.url, [])).apps
    greedy = Installs(here.services, lambda app_id: Quota(connections=100))
    for app_id in ("x", "y"):
        await greedy.install(app_id, tmp_path, "yimen_x", version="1.0.0")

    after = await look(here)

    assert "connections" not in before
    assert after["connections"] == Finding(
        "connections", Verdict.WARNING, f"mini-apps may take {taken + 200} and this machine 19 of the server's 197",
        "raise max_connections of PostgreSQL, or lower `connections` in YIMEN_QUOTAS",
    )  # fmt: skip


async def test_who_fills_the_database_is_told(here: Village, tmp_path: Path) -> None:
    installs = Installs(here.services)
    release(tmp_path, "x", "CREATE TABLE cup AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 2000) n")
    await installs.install("x", tmp_path, "yimen_x", version="1.0.0")
    here.node.quotas.take_over(Quotas(Quota(database_mib=1), {}))
    async with await psycopg.AsyncConnection.connect(
        roles.conninfo(here.services.database.url), autocommit=True
    ) as link:
        await here.node._surveyor.look(link)

    found = await look(here)
    await installs.uninstall("x")

    assert found["database x"] == Finding(
        "database x", Verdict.BAD, "it keeps 2 of 1 MiB in the database, and may not connect to it",
        "raise its database_mib in YIMEN_QUOTAS, or have its publisher release a migration that clears out",
    )  # fmt: skip


async def test_the_websockets_of_each_mini_app_are_told(here: Village) -> None:
    quiet, busy = here.node.traffic["quiet"].sockets, here.node.traffic["tea"].sockets
    with busy.opening(), busy.opening():
        pass
    busy.refused = 1
    with busy.opening():
        found = await look(here)

    assert (quiet.opened, "websockets quiet" in found) == (0, False)
    assert found["websockets tea"] == Finding(
        "websockets tea", Verdict.GOOD, "1 open; since the host began 3 were opened and 1 refused"
    )


async def test_strangers_are_not_served_on_the_portals_own_domain(here: Village) -> None:
    settings = here.services.settings
    why = (
        "https://tea.apps.yimen.test shares the portal's registrable domain: "
        "set YIMEN_APPS_DOMAIN to a domain of its own, or YIMEN_ACCEPT_SHARED_DOMAIN=1 to accept the risk"
    )
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
