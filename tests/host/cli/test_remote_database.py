"""`yimen-host run` on a PostgreSQL of another machine: mini-apps, which have no network, reach their data."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from tests.host.remote import reached_by_tcp
from tests.town import READY_SECONDS, free_port

from yimen_host.cli.demo import PASSWORD, RESIDENT_PHONE


async def test_the_demo_runs_on_a_database_elsewhere(database_url: str, tmp_path: Path) -> None:
    port, biller = free_port(), free_port()
    async with reached_by_tcp(database_url) as url:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")},
            "YIMEN_DEMO": "1", "YIMEN_VAR": str(tmp_path / "var"), "YIMEN_PORT": str(port),
            "YIMEN_BILLER_PORT": str(biller), "YIMEN_CHANNELS_PORT": str(free_port()),
            "YIMEN_DATABASE_URL": url.render_as_string(hide_password=False),
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "yimen_host.cli", "run", env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            umask=0o077,  # an operator may keep files to themselves; mini-apps run as other users
        )  # fmt: skip
        try:
            await until_ready(process)

            page = await utilities(port)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            await process.communicate()

    assert (page.status_code, "关联电费户号" in page.text) == (200, True), page.text
    assert not (tmp_path / "var" / "postgres").exists()


async def until_ready(process: asyncio.subprocess.Process) -> None:
    """Read what it prints until it says that it is ready."""
    assert process.stdout is not None
    printed = ""
    async with asyncio.timeout(READY_SECONDS):
        while "Ctrl-C stops everything" not in printed:
            line = await process.stdout.readline()
            assert line, printed
            printed += line.decode()


async def utilities(port: int) -> httpx.Response:
    """Sign in as the demo's resident, consent, and open the first page of utilities as its frame does."""
    portal, app = f"http://localhost:{port}", f"http://utilities.localhost:{port}"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        at_portal = {"host": urlsplit(portal).netloc, "origin": portal, "accept": "text/html"}
        signed_in = await client.post(
            "/sign-in", headers=at_portal, data={"phone": RESIDENT_PHONE, "password": PASSWORD}
        )
        at_portal["cookie"] = signed_in.headers["set-cookie"].split(";")[0]
        client.cookies.clear()
        await client.post("/consent/utilities", headers=at_portal, data={"scope": "payments.order"})
        shell = await client.get("/apps/utilities", headers=at_portal)
        ticket = re.search(rf'{re.escape(app)}(/\.yimen/launch[^"]+)"', shell.text)
        assert ticket, shell.text
        at_app = {"host": urlsplit(app).netloc, "accept": "text/html"}
        launched = await client.get(ticket[1].replace("&amp;", "&"), headers=at_app)
        at_app["cookie"] = launched.headers["set-cookie"].split(";")[0]
        client.cookies.clear()
        return await client.get("/", headers=at_app)
