"""The power company's books: which bills are paid, by which collection, kept in a file over restarts."""

import datetime as dt
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@dataclass(frozen=True)
class Booking:
    """A line of a day's file. ``undone``: booked and reversed on that day, so that no file has it."""

    sequence: str
    kind: Literal["collected", "reversed", "undone"]
    fen: int
    number: str
    period: str
    booked_at: str


class Books:
    """Bills and collections. One collection pays a bill; a sequence number has one outcome for ever."""

    def __init__(self, file: Path | str, today: Callable[[], dt.date]) -> None:
        self._today = today  # of China
        self._lock = threading.Lock()
        self._file = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._file.executescript(
            """
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS collection (
                sequence TEXT PRIMARY KEY, number TEXT, period TEXT, fen INTEGER, outcome TEXT, reason TEXT);
            CREATE TABLE IF NOT EXISTS booking (sequence TEXT PRIMARY KEY, booked_on TEXT NOT NULL, undone_on TEXT);
            CREATE UNIQUE INDEX IF NOT EXISTS paid_once ON collection (number, period) WHERE outcome = 'confirmed';
            """
        )

    def today(self) -> dt.date:
        """The day in China."""
        return self._today()

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
            with self._at_once():
                self._file.execute("INSERT INTO collection VALUES (?, ?, ?, ?, ?, ?)", values)
                if outcome == "confirmed":
                    self._file.execute("INSERT INTO booking VALUES (?, ?, NULL)", (sequence, self._day()))
            return made

    def reverse(self, sequence: str) -> Collection:
        """Reverse a collection 冲正; the bill is open again. One never heard of is refused should it come later."""
        with self._lock:
            unheard = (sequence, "", "", 0, "reversed", "")
            with self._at_once():
                self._file.execute("INSERT INTO collection VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", unheard)
                undone = self._file.execute(
                    "UPDATE collection SET outcome = 'reversed' WHERE sequence = ? AND outcome = 'confirmed'",
                    (sequence,),
                )
                if undone.rowcount:
                    day = self._day()
                    self._file.execute("UPDATE booking SET undone_on = ? WHERE sequence = ?", (day, sequence))
            found = self.collection(sequence)
        assert found is not None
        return found

    def collection(self, sequence: str) -> Collection | None:
        """What became of a sequence number."""
        row = self._file.execute("SELECT * FROM collection WHERE sequence = ?", (sequence,)).fetchone()
        return Collection(*row) if row else None

    def bookings(self, day: dt.date) -> list[Booking]:
        """What was booked, or undone, on a day."""
        rows = self._file.execute(
            "SELECT c.sequence, CASE WHEN b.booked_on < ?1 THEN 'reversed' WHEN b.undone_on = ?1 THEN 'undone'"
            " ELSE 'collected' END, c.fen, c.number, c.period, ?1 || 'T12:00:00+08:00'"
            " FROM booking b JOIN collection c USING (sequence) WHERE b.booked_on = ?1 OR b.undone_on = ?1"
            " ORDER BY c.sequence",
            (day.isoformat(),),
        )
        return [Booking(*row) for row in rows]

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Keep both tables or neither; the caller holds the lock."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def _day(self) -> str:
        return self.today().isoformat()

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
