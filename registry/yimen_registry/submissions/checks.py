"""Runs the rules on an unpacked tree in a process of its own, with limits: what breaks it must not break the registry.

A check that crashes, runs out of time or says nothing is an error, and an error blocks.
"""

import asyncio
import resource
import sys
from pathlib import Path

from pydantic import ValidationError

from yimen_sdk.rules import Outcome, Report, Result, Tier
from yimen_sdk.rules.breakage import CHECK_CRASHED, CHECK_TOO_SLOW, NO_REPORT
from yimen_sdk.saying import Said

SECONDS = 60
"""Wall time of one check; the largest mini-app we know takes two."""
MEMORY = 1024 * 1024 * 1024
"""Bytes of address space; parsing two megabytes of Python takes a fifth of it."""
MAX_REPORT = 4 * 1024 * 1024
"""Bytes of a report: thirty rules with fifty findings each stay far below."""


async def check_tree(tree: Path, *, seconds: float = SECONDS) -> Report:
    """Check an unpacked wheel. Never raises for what is in the tree: a broken check is a report that blocks."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-B", "-m", "yimen_sdk.rules", str(tree)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        limit=MAX_REPORT,
        preexec_fn=_limit,
    )
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.read(), seconds)
        code = await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        return _broken(CHECK_TOO_SLOW.said(seconds=f"{seconds:g}"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code != 0:
        return _broken(CHECK_CRASHED.said(status=code))
    return _read(said)


def _read(said: bytes) -> Report:
    try:
        return Report.model_validate_json(said[:MAX_REPORT])
    except ValidationError:
        return _broken(NO_REPORT.said())


def _broken(why: Said) -> Report:
    result = Result(rule="check-finishes", tier=Tier.BRONZE, outcome=Outcome.ERROR, note=why.message, why=why)
    return Report(results=(result,))


def _limit() -> None:
    """Runs in the child, before the check."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
