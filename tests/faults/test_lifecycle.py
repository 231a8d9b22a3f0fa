"""Everything that happens to a release happens under load: nobody is refused, and all processes come to agree."""

import asyncio
from pathlib import Path

from tests.faults.changing import (
    APP,
    PATIENCE_SECONDS,
    Line,
    Load,
    Said,
    host_processes,
    kettle,
    open_kettle,
    registry_of,
    until_armed_are,
)
from tests.town import Town, founded

from yimen_host.cli.demo import ADMIN_PHONE, RESIDENT_PHONE

PROCESSES, RATE = 4, 200.0
ONE, TWO, THREE, STOPPED, GONE = (200, "1.0.0"), (200, "2.0.0"), (200, "3.0.0"), (503, ""), (410, "")


async def test_releases_come_and_go_while_four_processes_serve(tmp_path: Path) -> None:
    with founded(tmp_path, YIMEN_PROCESSES=str(PROCESSES)) as host:
        processes = host_processes(host)
        lines: list[Line] = []
        while len({line.process for line in lines}) < PROCESSES or len(lines) < 16:
            lines.append(await Line.open(host, processes))
        async with registry_of(host) as town, Load(host, lines, RATE) as load:
            registry, seconds = town.registry, {}
            for version in ("1.0.0", "2.0.0", "3.0.0"):
                await town.approved(version, kettle(version))

            await registry.release(APP, "1.0.0", stage="live", by="rui")
            seconds["install"] = await load.until_all_say(ONE)
            await registry.release(APP, "2.0.0", stage="live", by="rui")
            seconds["upgrade"] = await load.until_all_say(TWO)

            before = await Line.open(host, processes, await open_kettle(host, RESIDENT_PHONE))
            await registry.release(APP, "3.0.0", stage="gray", percent=100, by="rui")
            after = await _newcomer(host, processes)
            together = [await before.get(host), await after.get(host)]
            await registry.roll_back(APP, by="rui", reason="it whistles")
            seconds["gray taken back"] = await _until(after, host, TWO)
            await registry.roll_back(APP, by="rui", reason="it leaks", to="1.0.0")
            seconds["roll back"] = await load.until_all_say(ONE)
            await until_armed_are(host, ["1.0.0"])  # the others are drained meanwhile, and nobody notices

            await registry.suspend_app(APP, by="rui", reason="it burns")
            seconds["disable"] = await load.until_all_say(STOPPED)
            await registry.resume_app(APP, by="rui", reason="it is repaired")
            seconds["resume"] = await load.until_all_say(ONE)
            await registry.suspend_app(APP, by="rui", reason="it is sold")
            await registry.remove_app(APP, by="rui", reason="it is sold", kept="erased")
            seconds["remove"] = await load.until_all_say(GONE)

    print(f"{load.answers} answers; seconds until {PROCESSES} processes agreed: {seconds}")
    assert sorted(processes) == sorted(load.said)
    assert load.failures == []
    assert together == [TWO, THREE]
    for answers in load.said.values():
        assert [said for said in answers[1:] if said != STOPPED] == [ONE, TWO, ONE, ONE, GONE]
        assert answers[0] == (404, "")


async def _newcomer(host: Town, processes: list[int]) -> Line:
    """Somebody who opens the mini-app until they get the gray release: each opening is a new session."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            line = await Line.open(host, processes, await open_kettle(host, ADMIN_PHONE))
            if await line.get(host) == THREE:
                return line


async def _until(line: Line, host: Town, said: Said) -> float:
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await line.get(host) != said:  # noqa: ASYNC110  each look is a request
            await asyncio.sleep(0.01)
    return asyncio.get_running_loop().time() - began
