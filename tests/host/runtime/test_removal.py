"""Removing a mini-app: nothing it kept is left, what was exported can be read again, and half a removal is finished."""

import csv
import io
import os
import zipfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tests.host.runtime.acting import address as acting_as
from tests.host.village import MANIFEST, Village, record

from yimen_host.core.errors import Refused
from yimen_host.identity import store as identity
from yimen_host.identity.mandates.mandate import Terms
from yimen_host.payments.models import OrderRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_host.payments.sweep import expire_orders
from yimen_host.runtime import store
from yimen_host.runtime.export import export
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.supervisor.belongings import regular_files
from yimen_host.runtime.supervisor.users import give
from yimen_sdk.money import yuan

TABLES = """
CREATE TABLE leaf (id serial PRIMARY KEY, name text NOT NULL UNIQUE,
  weight numeric(6, 2) DEFAULT 1.5 CHECK (weight > 0));
CREATE TABLE cup (n bigint GENERATED ALWAYS AS IDENTITY, leaf int REFERENCES leaf (id), "Note" text);
CREATE INDEX cup_notes ON cup ("Note");
INSERT INTO leaf (name, weight) VALUES ('green, "fine"', 2), ('红茶', 3.25);
INSERT INTO cup (leaf, "Note") VALUES (1, E'two\\nlines'), (2, NULL);
"""


@pytest.fixture
async def ada(here: Village, tmp_path: Path) -> str:
    """A resident with a session and a consent at the tea house, which has tables, files and a publisher."""
    ada = await here.settle()
    founded = await here.node.registry.create_publisher(name="tea-co", title="茶叶合作社", owner=ada)
    await here.node.registry.reserve(app_id="tea", distribution="yimen-tea", publisher_id=founded.id, by=ada)
    steps = tmp_path / "two" / "yimen_tea" / "migrations"
    steps.mkdir(parents=True)
    (steps / "0001_leaves.sql").write_text(TABLES)
    here.shelf.records = [record(tmp_path / "two", MANIFEST, version="2.0.0")]
    await here.node.refresh()
    await here.grant(ada, "identity.name")
    await here.visitor(ada)
    data = files(here)
    (data / "deep").mkdir()
    (data / "deep" / "recipe.txt").write_bytes(b"water")
    (data / "way out").symlink_to("/etc/passwd")
    os.mkfifo(data / "pipe")
    return ada


def files(here: Village) -> Path:
    """The directory of the tea house."""
    return here.services.settings.var.absolute() / "apps" / "tea"


def address(here: Village) -> str:
    """The database, for its owner."""
    return here.services.database.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def left(here: Village, resident: str) -> tuple[bool, bool, int, int, int]:
    """Whether its files and its role are there, and how many consents, sessions and accesses."""
    async with here.services.database.transaction() as session:
        consents = await identity.consents(session, resident, "tea")
        accesses = await identity.accesses(session, resident)
        installed = await store.installed(session, "tea")
    with psycopg.connect(address(here)) as connection:
        place = Installs(here.services).place("tea")
        roles = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (place,)).fetchall()
        schemas = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (place,)).fetchall()
        sessions = connection.execute("SELECT 1 FROM yimen.app_session WHERE app_id = 'tea'").fetchall()
    assert len(roles) == len(schemas) == (installed is not None)
    return files(here).exists(), bool(roles), len(consents), len(sessions), len(accesses)


async def test_only_a_suspended_mini_app_can_be_removed(here: Village, ada: str) -> None:
    with pytest.raises(Refused):
        await here.node.removals.erase_app("tea", by=ada, reason="sold")

    assert await left(here, ada) == (True, True, 3, 1, 1)


async def test_nothing_is_left_but_the_residents_own_log(here: Village, ada: str) -> None:
    await here.node.registry.suspend_app("tea", by=ada, reason="sold")

    await here.node.removals.erase_app("tea", by=ada, reason="sold")

    assert await left(here, ada) == (False, False, 0, 0, 1)
    (entry,) = await here.node.registry.latest_log(limit=1)
    assert (entry.act, entry.details) == ("app.removed", {"reason": "sold", "data": "erased"})


async def test_nothing_acts_in_its_name_any_more(here: Village, ada: str) -> None:
    node = here.node
    mother = await here.settle("13800000002", person=101)
    mandate = await node.mandates.offer(
        mother, ada, Terms("tea", frozenset({"identity.name"}), yuan("5.00"), yuan("9.00"), 365), {"identity.name": "x"}
    )
    await node.webhooks.add("tea", "https://tea.example.com/hook")
    async with here.services.database.transaction() as session:
        payee = Payee("tea", "茶馆", "茶叶合作社")
        bound = [await node.payments.orders.open(session, NewOrder("茶", yuan("8.00")), payee, ada) for _ in range(2)]
        await node.payments.orders.cancel(session, bound[1])
    before = await acting(here, mandate, ada, bound)
    await node.registry.suspend_app("tea", by=ada, reason="sold")

    await node.removals.erase_app("tea", by=ada, reason="sold")
    await expire_orders(node.payments)

    assert before == ("active", 1, ["open", "cancelled"])
    assert await acting(here, mandate, ada, bound) == ("revoked", 0, ["expired", "cancelled"])
    cookie, _ = await here.sign_in(ada)
    refused = await here.browser(cookie).post("/developer/apps/tea/webhooks", data={"url": "https://x.example.com/"})
    assert (refused.status_code, await node.webhooks.of_app("tea")) == (409, [])


async def acting(here: Village, mandate: str, ada: str, bound: list[OrderRow]) -> tuple[str, int, list[str]]:
    """The state of a mandate, how many webhook endpoints the tea house has, and the states of orders."""
    row, _, _ = await here.node.mandates.seen(mandate, ada)
    orders = [await here.node.payments.orders.of_resident(order.id, ada) for order in bound]
    return str(row.state), len(await here.node.webhooks.of_app("tea")), [str(order.state) for order in orders]


async def test_a_removal_that_broke_off_is_finished(here: Village, ada: str) -> None:
    await here.node.registry.suspend_app("tea", by=ada, reason="sold")
    await here.node.registry.remove_app("tea", by=ada, reason="sold", kept="erased")
    before = await left(here, ada)

    for _ in range(2):
        await here.node.removals.finish()

    assert (before, await left(here, ada)) == ((True, True, 3, 1, 1), (False, False, 0, 0, 1))


async def test_an_export_makes_the_same_tables_elsewhere(here: Village, ada: str) -> None:
    await here.node.registry.suspend_app("tea", by=ada, reason="sold")

    path = await here.node.removals.export_app("tea", by=ada, reason="sold")

    assert (path.stat().st_mode & 0o777, (await left(here, ada))[:2]) == (0o600, (False, False))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    assert {name: text for name, text in members.items() if name.startswith("files/")} == {
        "files/deep/recipe.txt": "water"
    }
    assert restored(here, members) == (
        [(1, 'green, "fine"', "2.00"), (2, "红茶", "3.25")], [(1, 1, "two\nlines"), (2, 2, None), (3, None, None)],
        [(3, "new", "1.50")], "cup_notes",
    )  # fmt: skip


def restored(here: Village, members: dict[str, str]) -> tuple[list[object], list[object], list[object], object]:
    """Make the exported tables in an empty schema and read them."""
    with psycopg.connect(address(here)) as connection:
        connection.execute("CREATE SCHEMA elsewhere; SET search_path TO elsewhere")
        connection.execute(members["tables.sql"].encode())
        for name in ("leaf", "cup"):
            text = members[f"rows/{name}.csv"]
            columns = sql.SQL(", ").join(map(sql.Identifier, next(csv.reader(io.StringIO(text)))))
            command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER)").format(sql.Identifier(name), columns)
            with connection.cursor().copy(command) as rows:
                rows.write(text)
        connection.execute(members["constraints.sql"].encode())
        connection.execute('INSERT INTO cup ("Note") VALUES (NULL)')
        leaves = connection.execute("SELECT id, name, weight::text FROM leaf ORDER BY id").fetchall()
        cups = connection.execute('SELECT n, leaf, "Note" FROM cup ORDER BY n').fetchall()
        added = connection.execute("INSERT INTO leaf (name) VALUES ('new') RETURNING id, name, weight::text").fetchall()
        found = connection.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'elsewhere' AND tablename = 'cup'"
        )
        index = found.fetchall()
    return leaves, cups, added, index[0][0]  # type: ignore[return-value]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to another user")
async def test_files_of_a_user_of_its_own_are_exported_and_erased(here: Village, ada: str) -> None:
    given_away(files(here), user := 60_001)
    here.supervision.user = user
    await here.node.registry.suspend_app("tea", by=ada, reason="sold")

    path = await here.node.removals.export_app("tea", by=ada, reason="sold")

    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if name.startswith("files/")}
    assert kept == {"files/deep/recipe.txt": b"water", "files/deep/\\xff": b"odd"}
    assert await left(here, ada) == (False, False, 0, 0, 1)


def given_away(directory: Path, user: int) -> None:
    """Give a directory to a user, with a file whose name is no text."""
    with open(os.fsencode(directory) + b"/deep/\xff", "wb") as odd:
        odd.write(b"odd")
    give(directory, user)


EVIL = """
CREATE TABLE "../bait" (n int);
INSERT INTO "../bait" VALUES (1);
CREATE FUNCTION peek() RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    RESET ROLE;
    RETURN (SELECT count(*) > 0 FROM yimen.resident);
END $$;
ALTER TABLE "../bait" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "../bait" FORCE ROW LEVEL SECURITY;
CREATE POLICY peek ON "../bait" USING (peek());
"""


async def test_an_export_runs_a_mini_apps_functions_with_its_own_rights(
    here: Village, ada: str, tmp_path: Path
) -> None:
    installs = Installs(here.services)
    with psycopg.connect(acting_as(here.services, "tea")) as connection:
        connection.execute(EVIL.encode())

    control, schema = tmp_path / "control.zip", installs.place("tea")
    export(
        address(here), schema, regular_files(files(here)), control
    )  # with the owner's rights the function reads the residents
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        export(acting_as(here.services, "tea"), schema, regular_files(files(here)), tmp_path / "x" / "tea.zip")

    with zipfile.ZipFile(control) as archive:
        assert archive.read("rows/..%2Fbait.csv") == b"n\n1\n"
        assert not [name for name in archive.namelist() if ".." in name.split("/")]


async def test_an_admin_removes_it_by_its_name(here: Village, ada: str) -> None:
    cookie, _ = await here.sign_in(ada)
    browser, place = here.browser(cookie), "/console/apps/tea/remove"
    await here.node.registry.suspend_app("tea", by=ada, reason="sold")
    form = {"name": "tea", "reason": "sold", "act": "export"}

    refused = [(await browser.post(place, data=form)).status_code]
    async with here.services.database.transaction() as session:
        await identity.add_role(session, ada, "admin")
    refused.append((await browser.post(place, data={**form, "name": "tee"})).status_code)
    still = await left(here, ada)
    done = await browser.post(place, data=form)
    (name,) = [path.name for path in here.node.removals.exports("tea").iterdir()]
    page = await browser.get(place)
    file = await browser.get(f"/console/apps/tea/exports/{name}")
    odd = await browser.get("/console/apps/%2e%2e/exports/x.zip")

    assert (refused, still, done.status_code) == ([403, 422], (True, True, 3, 1, 1), 303)
    assert (name in page.text, file.content[:2], odd.status_code) == (True, b"PK", 404)
    assert await left(here, ada) == (False, False, 0, 0, 1)
