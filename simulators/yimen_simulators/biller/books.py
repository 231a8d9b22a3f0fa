"""The power company's books: which bills are paid, by which collection, kept in a file over restarts."""

import datetime as dt
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from yimen_simulators.biller.households import Household, households, usage
from yimen_simulators.biller.pricing import fen_for

UNPAID_MONTHS = 2  # the newest months; earlier ones were paid at the counter
DUE_DAYS = 25

Outcome = Literal["confirmed", "rejected", "reversed"]


@dataclass(frozen=True)
class Bill:
    """One month's bill."""

    period: str
    kwh: int
    fen: int
    due: dt.date
    paid: bool


@dataclass(frozen=True)
class Collection:
    """A payment that a collector told us of, by its sequence number."""

    sequence: str
    number: str
    period: str
    fen: int
    outcome: Outcome
    reason: str


class Books:
    """Bills and collections. One collection pays a bill; a sequence number has one outcome for ever."""

    def __init__(self, file: Path | str, today: Callable[[], dt.date]) -> None:
        self._today = today
        self._lock = threading.Lock()
        self._file = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._file.executescript(
            """
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS collection (
                sequence TEXT PRIMARY KEY, number TEXT, period TEXT, fen INTEGER, outcome TEXT, reason TEXT);
            CREATE UNIQUE INDEX IF NOT EXISTS paid_once ON collection (number, period) WHERE outcome = 'confirmed';
            """
        )

    def household(self, number: str) -> Household | None:
        """A customer."""
        return households().get(number)

    def bills(self, number: str, months: int = 24) -> list[Bill]:
        """A customer's newest bills, the newest first."""
        used = usage(number, self._today())
        periods = sorted(used)
        open_ = set(periods[-UNPAID_MONTHS:]) - self._collected(number)
        bills = [self._bill(period, used, paid=period not in open_) for period in periods[-months:]]
        return bills[::-1]

    def collect(self, sequence: str, number: str, period: str, fen: int) -> Collection:
        """Take a collection. The same sequence number again answers as the first time."""
        with self._lock:
            known = self.collection(sequence)
            if known is not None:
                return known
            reason = self._objection(number, period, fen)
            outcome: Outcome = "rejected" if reason else "confirmed"
            made = Collection(sequence, number, period, fen, outcome, reason)
            values = (made.sequence, made.number, made.period, made.fen, made.outcome, made.reason)
            self._file.execute("INSERT INTO collection VALUES (?, ?, ?, ?, ?, ?)", values)
            return made

    def reverse(self, sequence: str) -> Collection:
        """Reverse a collection 冲正; the bill is open again. One never heard of is refused should it come later."""
        with self._lock:
            unheard = (sequence, "", "", 0, "reversed", "")
            self._file.execute("INSERT INTO collection VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", unheard)
            self._file.execute(
                "UPDATE collection SET outcome = 'reversed' WHERE sequence = ? AND outcome = 'confirmed'", (sequence,)
            )
            found = self.collection(sequence)
        assert found is not None
        return found

    def collection(self, sequence: str) -> Collection | None:
        """What became of a sequence number."""
        row = self._file.execute("SELECT * FROM collection WHERE sequence = ?", (sequence,)).fetchone()
        return Collection(*row) if row else None

    def _objection(self, number: str, period: str, fen: int) -> str:
        bill = (
            next((bill for bill in self.bills(number) if bill.period == period), None)
            if self.household(number)
            else None
        )
        if bill is None:
            return "no_such_bill"
        if bill.paid:
            return "already_paid"
        return "" if bill.fen == fen else "wrong_amount"

    def _collected(self, number: str) -> set[str]:
        rows = self._file.execute("SELECT period FROM collection WHERE number = ? AND outcome = 'confirmed'", (number,))
        return {period for (period,) in rows}

    def _bill(self, period: str, used: dict[str, int], *, paid: bool) -> Bill:
        before = sum(kwh for other, kwh in used.items() if other[:4] == period[:4] and other < period)
        year, month = map(int, period.split("-"))
        issued = dt.date(year + month // 12, month % 12 + 1, 1)
        return Bill(period, used[period], fen_for(before, used[period]), issued + dt.timedelta(days=DUE_DAYS - 1), paid)
