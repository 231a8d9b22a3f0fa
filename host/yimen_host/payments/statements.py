"""Monthly statements 月账单 of a wallet: what it held at the beginning, each line, what it held at the end.

A month is a run of the account's own numbers, so that months join without a gap and never share a line, whatever the
clocks of several processes say: it ends with the last line that was booked before its end.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yimen_host.core.errors import Invalid
from yimen_host.payments.ledger.books import StatementLine
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

MAX_LINES = 5_000  # of one month's statement: more than a hundred and fifty payments a day
_WRITTEN = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, order=True)
class Month:
    """A month of China's calendar."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"

    @property
    def begin(self) -> dt.datetime:
        """Its first moment."""
        return dt.datetime(self.year, self.number, 1, tzinfo=CHINA)

    @property
    def end(self) -> dt.datetime:
        """The first moment of the next one."""
        return self.next.begin

    @property
    def last(self) -> dt.datetime:
        """The beginning of its last day."""
        return self.end - dt.timedelta(days=1)

    @property
    def next(self) -> "Month":
        """The one after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> "Month":
        """The one before it."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)


@dataclass(frozen=True)
class Statement:
    """An account's month, oldest line first. ``closing`` is ``opening`` and all lines together."""

    month: Month
    opening: Money
    closing: Money
    lines: Sequence[StatementLine]

    @property
    def came(self) -> Money:
        """What came in."""
        return sum((line.amount for line in self.lines if line.amount.fen > 0), Money(0))

    @property
    def went(self) -> Money:
        """What went out, below zero."""
        return sum((line.amount for line in self.lines if line.amount.fen < 0), Money(0))


def month_of(moment: dt.datetime) -> Month:
    """The month of a moment, in China."""
    local = moment.astimezone(CHINA)
    return Month(local.year, local.month)


def read_month(written: str) -> Month:
    """Read ``2026-11``. Raises Invalid."""
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise Invalid("a month is written 2026-11", {"month": "2026-11"})
    return Month(int(found[1]), int(found[2]))


def as_csv(statement: Statement, titles: Mapping[str, str], words: Sequence[str]) -> str:
    """Write a statement as a table with these six column names, opening and closing balance included.

    A title that a spreadsheet would take for a formula is written with an apostrophe before it.
    """
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(words)
    table.writerow([statement.month.begin.isoformat(), "", "", "", "", statement.opening.plain])
    for line in statement.lines:
        title = titles.get(line.about, "")
        table.writerow(
            [
                line.at.astimezone(CHINA).isoformat(timespec="seconds"),
                line.account_seq,
                line.about,
                f"'{title}" if title.startswith(_FORMULA) else title,
                line.amount.plain,
                line.balance.plain,
            ]
        )
    table.writerow([statement.month.end.isoformat(), "", "", "", "", statement.closing.plain])
    return out.getvalue()
