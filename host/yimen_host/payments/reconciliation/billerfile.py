"""A biller's daily file: CSV over HTTP, one line a booking, and a last line that counts and sums them."""

import csv
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import httpx

from yimen_host.payments.channels.channel import ChannelSilent, StatementLine
from yimen_sdk.money import Money

HEADER = ["sequence", "kind", "fen", "number", "period", "booked_at"]
_KINDS: dict[str, Literal["payment", "refund"]] = {"collected": "payment", "reversed": "refund"}
TOTAL = "total"
WAIT_SECONDS = 30.0  # for the next piece of the file
MAX_LINE = 1000  # characters


@dataclass(frozen=True)
class BillerFile:
    """Where a biller leaves its files: ``{address}/2026-11-21.csv`` is what it booked on that day in China.

    ``collected`` stands for a payment booked on the day and not undone by its end, ``reversed`` for one of an earlier
    day that was undone. ``sequence`` is the order's reference at its mini-app.
    """

    address: str
    transport: httpx.AsyncBaseTransport | None = None

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The bookings of a day. Raises ChannelSilent when the file is not there, not whole, or cannot be read."""
        count, fen, total = 0, 0, None
        async for row in self._rows(day):
            if total is not None:
                raise ChannelSilent("the file goes on after its total")
            if row[0] == TOTAL:
                total = row
                continue
            line = _line(row)
            count, fen = count + 1, fen + (line.amount.fen if line.kind == "payment" else -line.amount.fen)
            yield line
        if total != [TOTAL, str(count), str(fen)]:
            raise ChannelSilent(f"the file counts {count} lines and {fen} fen, and says {total}")

    async def _rows(self, day: dt.date) -> AsyncIterator[list[str]]:
        try:
            async with (
                httpx.AsyncClient(transport=self.transport, timeout=WAIT_SECONDS, trust_env=False) as client,
                client.stream("GET", f"{self.address}/{day.isoformat()}.csv") as answer,
            ):
                if answer.status_code != 200:
                    raise ChannelSilent(f"the biller answered {answer.status_code}")
                lines = answer.aiter_lines()
                if _fields(await anext(lines, "")) != HEADER:
                    raise ChannelSilent("the file does not begin as one")
                async for line in lines:
                    yield _fields(line)
        except httpx.HTTPError as error:
            raise ChannelSilent(f"the biller gave no file: {type(error).__name__}") from error


def _fields(line: str) -> list[str]:
    if not 0 < len(line) <= MAX_LINE:
        raise ChannelSilent("a line of the file is empty or too long")
    return next(csv.reader([line]))


def _line(row: list[str]) -> StatementLine:
    try:
        sequence, kind, fen, number, period, at = row
        amount = Money(int(fen))
        if amount.fen <= 0:
            raise ValueError(fen)
        return StatementLine(
            "", f"{number}/{period}", sequence, _KINDS[kind], amount, Money(0), dt.datetime.fromisoformat(at)
        )
    except (ValueError, KeyError) as error:
        raise ChannelSilent(f"a line of the file cannot be read: {error}") from error
