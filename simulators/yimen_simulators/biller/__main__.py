"""``python -m yimen_simulators.biller --port 8091 [--file var/biller.sqlite]``."""

import argparse
import datetime as dt
from pathlib import Path

import uvicorn

from yimen_simulators.biller.books import Books
from yimen_simulators.biller.service import create_biller


def main() -> None:
    """Serve on loopback until a signal ends it."""
    parser = argparse.ArgumentParser(prog="yimen-biller", description="A simulated power company.")
    parser.add_argument("--port", type=int, default=8091)
    parser.add_argument("--file", type=Path, default=Path("var/biller.sqlite"))
    options = parser.parse_args()
    options.file.parent.mkdir(parents=True, exist_ok=True)
    books = Books(options.file, today=lambda: dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date())
    uvicorn.run(create_biller(books), host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


main()
