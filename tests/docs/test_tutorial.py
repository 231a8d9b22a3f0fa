"""The tutorial's result works, and the tutorial shows exactly it."""

import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from textwrap import indent
from types import SimpleNamespace

import pytest
from psycopg import AsyncConnection

from yimen_sdk import MiniApp, Resident
from yimen_sdk.loading import load_miniapp
from yimen_sdk.manifest import parse_manifest
from yimen_sdk.rules import check, from_project
from yimen_sdk.testing import visit

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
PROJECT = TUTORIAL / "greeting"
WANG = Resident("r1", scopes=frozenset({"identity.name", "payments.order"}), claims={"name": "王秀英"})


def blocks(language: str) -> list[str]:
    """The text's blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", (TUTORIAL / "README.md").read_text(), re.S)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[MiniApp]:
    monkeypatch.syspath_prepend(str(PROJECT))
    yield load_miniapp("yimen_greeting", "greeting")
    sys.modules.pop("yimen_greeting", None)


def test_the_text_shows_the_very_files() -> None:
    assert blocks("python")[0] == (PROJECT / "yimen_greeting" / "__init__.py").read_text()
    assert blocks("toml")[0] == (PROJECT / "yimen_greeting" / "miniapp.toml").read_text()


async def test_what_it_shows_of_a_database_works(database_url: str) -> None:
    address = database_url.replace("+psycopg", "")
    written: dict[str, Callable[[object], Awaitable[None]]] = {}
    code = "from psycopg import AsyncConnection\nasync def keep(request):\n" + indent(blocks("python")[-1], "    ")
    exec(code, written)
    request = SimpleNamespace(surroundings=SimpleNamespace(database_url=address), resident=Resident("r1"))
    async with await AsyncConnection.connect(address) as database:
        await database.execute(blocks("sql")[0].encode())
    await written["keep"](request)
    async with await AsyncConnection.connect(address) as database:
        kept = await (await database.execute("SELECT resident FROM cup")).fetchall()

    assert kept == [("r1",)]
    manifest = parse_manifest(blocks("toml")[0] + blocks("toml")[-1])
    assert [(one.id, one.kept) for one in manifest.data or ()] == [("cups", "P3Y")]


def test_it_is_twenty_four_lines() -> None:
    assert len((PROJECT / "yimen_greeting" / "__init__.py").read_text().splitlines()) == 24


async def test_it_greets_by_the_verified_name(app: MiniApp) -> None:
    async with visit(app, resident=WANG) as visitor:
        page = await visitor.get("/")

    assert (page.status_code, "您好，王秀英" in page.text) == (200, True)


async def test_without_the_scope_it_asks_for_consent(app: MiniApp) -> None:
    async with visit(app, resident=Resident("r1"), app_id="greeting") as visitor:
        page = await visitor.get("/")

    assert (page.status_code, page.headers["location"]) == (
        303, "http://portal.test/consent/greeting?scope=identity.name&to=%2F",
    )  # fmt: skip


async def test_nobody_is_led_to_sign_in(app: MiniApp) -> None:
    async with visit(app, app_id="greeting") as visitor:
        page = await visitor.get("/")

    assert (page.status_code, page.headers["location"]) == (303, "http://portal.test/apps/greeting?to=%2F")


async def test_a_cup_of_tea_costs_eight_yuan(app: MiniApp) -> None:
    async with visit(app, resident=WANG) as visitor:
        answer = await visitor.post("/tea")

    assert [(order.title, str(order.amount)) for order in visitor.host.orders.values()] == [("One cup of tea", "8.00")]
    assert answer.headers["location"] == "http://portal.test/cashier/ord_1"


def test_it_can_be_submitted() -> None:
    assert not check(from_project(PROJECT)).blocks
