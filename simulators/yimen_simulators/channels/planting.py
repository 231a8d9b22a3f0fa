"""Makes a day's bill wrong on purpose: a line missing, one too many, one with another amount."""

import datetime as dt
from dataclasses import replace

from yimen_simulators.channels.books import Refund, Trade
from yimen_simulators.channels.world import World

EXTRA_FEN = 777


def planted(own: World, channel: str, day: dt.date) -> tuple[list[Trade], list[tuple[Refund, Trade]]]:
    """A day's payments and refunds, with the faults that are on: the first is missing, the last is wrong."""
    trades, refunds = own.books.day(channel, day)
    if own.faults.missing_line:
        trades = trades[1:]
    if own.faults.wrong_line and trades:
        trades = [*trades[:-1], replace(trades[-1], paid_fen=trades[-1].paid_fen + 1)]
    if own.faults.extra_line:
        trades = [*trades, _extra(channel, day)]
    return trades, refunds


def is_quiet(own: World, channel: str, day: dt.date) -> bool:
    """Whether a channel makes no bill of the day: nothing was paid or given back."""
    return not any(own.books.day(channel, day)) and not own.faults.extra_line


def _extra(channel: str, day: dt.date) -> Trade:
    at = f"{day:%Y-%m-%d} 23:59:00"
    number = f"99{day:%Y%m%d}"
    return Trade(channel, "nobody-knows", number, "?", EXTRA_FEN, "paid", "", "", EXTRA_FEN, at, at)
