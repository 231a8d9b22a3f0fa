"""What the providers were asked to collect and to give back, kept in a file over restarts. Knows no wire protocol."""

import datetime as dt
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from yimen_simulators.channels.tables import TABLES

State = Literal["waiting", "paid", "closed", "declined"]


@dataclass(frozen=True)
class Trade:
    """A payment by the merchant's number ``ref`` and the provider's own."""

    channel: str
    ref: str
    number: str
    title: str
    fen: int
    state: State
    notify_url: str
    return_url: str
    paid_fen: int
    paid_at: str
    made_at: str


@dataclass(frozen=True)
class Refund:
    """Money given back by the merchant's number ``ref``, once only."""

    channel: str
    ref: str
    trade_ref: str
    number: str
    fen: int
    at: str


class Books:
    """Both providers' books. Each change is one statement that names the state it may leave."""

    def __init__(self, file: Path | str, now: Callable[[], dt.datetime]) -> None:
        self.now = now
        self._lock = threading.RLock()
        self._file = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._file.executescript(TABLES)

    def expect(self, channel: str, ref: str, title: str, fen: int, notify_url: str, return_url: str = "") -> Trade:
        """Take a payment in; asked again it is the same one."""
        made_at = self._stamp()
        number = f"{'42' if channel == 'wechat' else '20'}{self.now():%Y%m%d}{self._next():010d}"
        values = (channel, ref, number, title, fen, "waiting", notify_url, return_url, 0, "", made_at)
        with self._lock:
            self._file.execute("INSERT OR IGNORE INTO trade VALUES (?,?,?,?,?,?,?,?,?,?,?)", values)
        found = self.trade(channel, ref)
        assert found is not None
        return found

    def trade(self, channel: str, ref: str) -> Trade | None:
        """A payment by the merchant's number."""
        row = self._file.execute("SELECT * FROM trade WHERE channel = ? AND ref = ?", (channel, ref)).fetchone()
        return Trade(*row) if row else None

    def by_number(self, number: str) -> Trade | None:
        """A payment by the provider's number."""
        row = self._file.execute("SELECT * FROM trade WHERE number = ?", (number,)).fetchone()
        return Trade(*row) if row else None

    def waiting(self) -> Sequence[Trade]:
        """What payers may decide about, newest first."""
        rows = self._file.execute("SELECT * FROM trade WHERE state = 'waiting' ORDER BY made_at DESC LIMIT 50")
        return [Trade(*row) for row in rows]

    def pay(self, channel: str, ref: str, fen: int | None = None, *, even_if_closed: bool = False) -> bool:
        """Take the payer's money, by default what was asked for; say whether it was still to be paid."""
        allowed = "('waiting', 'closed', 'declined')" if even_if_closed else "('waiting')"
        with self._lock:
            done = self._file.execute(
                "UPDATE trade SET state = 'paid', paid_fen = coalesce(?, fen), paid_at = ? "  # noqa: S608 - our words
                f"WHERE channel = ? AND ref = ? AND state IN {allowed}",
                (fen, self._stamp(), channel, ref),
            )
        return bool(done.rowcount)

    def end(self, channel: str, ref: str, state: Literal["closed", "declined"]) -> bool:
        """Expect a payment no longer; say whether it was waiting."""
        with self._lock:
            done = self._file.execute(
                "UPDATE trade SET state = ? WHERE channel = ? AND ref = ? AND state = 'waiting'", (state, channel, ref)
            )
        return bool(done.rowcount)

    def give_back(self, channel: str, ref: str, trade_ref: str, fen: int) -> Refund | None:
        """Give part or all of a payment back, once per ``ref``; None when it was not paid or too little is left."""
        with self._lock:
            self._file.execute(
                "INSERT OR IGNORE INTO refund SELECT channel, ?, ref, ?, ?, ? FROM trade t "
                "WHERE channel = ? AND ref = ? AND state = 'paid' AND paid_fen >= ? + "
                "(SELECT coalesce(sum(fen), 0) FROM refund r WHERE r.channel = t.channel AND r.trade_ref = t.ref)",
                (ref, f"50{self._next():012d}", fen, self._stamp(), channel, trade_ref, fen),
            )
        return self.refund(channel, ref)

    def refund(self, channel: str, ref: str) -> Refund | None:
        """A refund by the merchant's number."""
        row = self._file.execute("SELECT * FROM refund WHERE channel = ? AND ref = ?", (channel, ref)).fetchone()
        return Refund(*row) if row else None

    def given_back(self, channel: str, trade_ref: str) -> int:
        """How much of a payment went back, in fen."""
        query = "SELECT coalesce(sum(fen), 0) FROM refund WHERE channel = ? AND trade_ref = ?"
        return int(self._file.execute(query, (channel, trade_ref)).fetchone()[0])

    def day(self, channel: str, day: dt.date) -> tuple[list[Trade], list[tuple[Refund, Trade]]]:
        """What was taken and given back on a civil day in China."""
        span = (channel, f"{day:%Y-%m-%d} 00", f"{day:%Y-%m-%d} 99")
        paid = "SELECT * FROM trade WHERE channel = ? AND state = 'paid' AND paid_at BETWEEN ? AND ? ORDER BY number"
        back = "SELECT * FROM refund WHERE channel = ? AND at BETWEEN ? AND ? ORDER BY number"
        refunds = [Refund(*row) for row in self._file.execute(back, span)]
        trades = [Trade(*row) for row in self._file.execute(paid, span)]
        return trades, [(one, found) for one in refunds if (found := self.trade(channel, one.trade_ref))]

    def _next(self) -> int:
        with self._lock:
            return self._file.execute("INSERT INTO number DEFAULT VALUES").lastrowid or 0

    def _stamp(self) -> str:
        return self.now().astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


CHINA = dt.timezone(dt.timedelta(hours=8))
