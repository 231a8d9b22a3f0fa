"""Reconciles a day of 1,000,000 lines against 1,000,000 of the channel, with 1,000 planted differences of ten kinds.

    python -m bench.reconcile [--lines 1000000] [--planted 1000] [--rounds 1]

The run is the one that the clock starts: the bill streams in, the ledger's postings are the other side, breaks and the
run are written. Before it every attempt, its posting and its entries are put into the tables by SQL. ``mib`` is the
peak of this process and of the PostgreSQL processes that worked for it, without the pages they all share.
"""

import argparse
import asyncio
import datetime as dt
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import psycopg
import uvloop
from sqlalchemy import text

from bench.measure import conclude
from yimen_host.core.clock import ManualClock
from yimen_host.core.database import Database, normalized
from yimen_host.core.embedded import Address, EmbeddedPostgres
from yimen_host.core.ids import RandomIds
from yimen_host.core.keyring import Keyring, MasterKey
from yimen_host.core.schema import migrate
from yimen_host.core.services import Services
from yimen_host.payments.channels.absent import Absent, Channels
from yimen_host.payments.channels.channel import Capabilities, StatementLine
from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.running import Reconciling
from yimen_host.payments.reconciliation.store import breaks as store
from yimen_host.settings import Settings
from yimen_sdk.money import Money

CHANNEL, DAY = "bench-pay", dt.date(2026, 11, 20)
NOON = dt.datetime(2026, 11, 20, 4, tzinfo=dt.UTC)
FEE_BP = 60
K = BreakKind
PLANTED = (
    K.MISSING_THERE, K.MISSING_HERE, K.UNKNOWN_REFERENCE, K.DUPLICATE_THERE, K.AMOUNT_DIFFERS,
    K.FEE_DIFFERS, K.KIND_DIFFERS, K.STATE_DIFFERS, K.WRONG_DAY, K.NOT_POSTED,
)  # fmt: skip
"""The ten kinds; line ``n`` is spoiled in the way ``PLANTED[n % 10]`` when it is among the chosen."""


@dataclass(frozen=True)
class Day:
    """How many lines there are, and which of them are spoiled."""

    lines: int
    planted: int

    def kind(self, n: int) -> BreakKind | None:
        """What is wrong with line ``n``: the chosen ones are spread evenly over the day."""
        step = self.lines // self.planted
        return PLANTED[n // step % len(PLANTED)] if n % step == 0 and n // step < self.planted else None


class Bill(Absent):
    """A channel that has a bill and nothing else."""

    capabilities = Capabilities(fee_bp=FEE_BP)

    def __init__(self, day: Day) -> None:
        super().__init__(CHANNEL)
        self._day = day

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The day's lines, spoiled where they are to be."""
        for n in range(self._day.lines):
            kind = self._day.kind(n)
            if kind is None:
                yield _line(n)
                continue
            for line in _spoiled(kind, _line(n)):
                yield line


def _line(n: int) -> StatementLine:
    amount, fee = _amounts(_fen(n))
    return StatementLine(CHANNEL, f"bill{n:010}", f"att_{n:026}", "payment", amount, fee, NOON)


@cache
def _amounts(fen: int) -> tuple[Money, Money]:
    """An amount and its fee: the few distinct ones are made once, for it is not the making that is measured."""
    return Money(fen), Money((fen * FEE_BP + 5000) // 10000)


def _fen(n: int) -> int:
    return 100 + n * 7919 % 99_900


def _spoiled(kind: BreakKind | None, line: StatementLine) -> list[StatementLine]:
    match kind:
        case K.MISSING_THERE:
            return []
        case K.UNKNOWN_REFERENCE:
            return [line, line._replace(our_ref=f"xtt{line.our_ref[3:]}")]
        case K.DUPLICATE_THERE:
            return [line, line]
        case K.AMOUNT_DIFFERS:
            fen = line.amount.fen + 1
            return [line._replace(amount=Money(fen), fee=Money((fen * FEE_BP + 5000) // 10000))]
        case K.FEE_DIFFERS:
            return [line._replace(fee=Money(line.fee.fen + 1))]
        case K.KIND_DIFFERS:
            return [line._replace(kind="refund")]
        case _:
            return [line]


def main() -> None:
    """Run the benchmark and print its figures, the last line as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--planted", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yimen-bench-", ignore_cleanup_errors=True) as directory:
        server = EmbeddedPostgres(Path(directory))
        server.start()
        try:
            address = server.database("bench", owner="bench")
            migrate(address.url)
            day = Day(arguments.lines, arguments.planted)
            _fill(address, day)
            right = uvloop.run(_measure(address, day, arguments.rounds))
        finally:
            server.stop()
    sys.exit(0 if right else 1)


def _fill(address: Address, day: Day) -> None:
    """Put a day's attempts with their postings into the tables, the ones not to be booked as what they are."""
    spoiled = [(n, kind.value) for n in range(day.lines) if (kind := day.kind(n)) is not None]
    url = normalized(address.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, options="-c search_path=yimen") as connection:
        connection.execute("CREATE TEMPORARY TABLE spoiled (n bigint PRIMARY KEY, kind text)")
        with connection.cursor() as cursor, cursor.copy("COPY spoiled FROM STDIN") as copy:
            for row in spoiled:
                copy.write_row(row)
        for statement in _FILL:
            connection.execute(statement, {"lines": day.lines, "noon": NOON})
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


_FEN = "(100 + n * 7919 %% 99900)"
_FILL = (
    "INSERT INTO payment_order (id, app_id, payee, payee_title, payee_publisher, resident_id, title, amount_fen,"
    " currency, return_path, state, created_at, expires_at, reserved_fen, refunded_fen) VALUES ('ord_bench', 'bench',"
    " 'merchant:bench:payable', '', '', 'res', '', 1, 'CNY', '/', 'paid', %(noon)s, %(noon)s, 0, 0)",
    "INSERT INTO payment_attempt (id, order_id, channel, form_key, state, amount_fen, currency, channel_ref, queries,"
    " ask_at, created_at, ended_at) SELECT 'att_' || lpad(n::text, 26, '0'), 'ord_bench', 'bench-pay', n::text,"
    f" CASE kind WHEN 'missing_here' THEN 'declined' ELSE 'settled' END, {_FEN}, 'CNY',"
    " 'bill' || lpad(n::text, 10, '0'), 0, %(noon)s, %(noon)s,"
    " %(noon)s + CASE kind WHEN 'wrong_day' THEN interval '1 day' ELSE interval '0' END"
    " FROM generate_series(0, %(lines)s - 1) AS n LEFT JOIN spoiled USING (n) WHERE kind IS DISTINCT FROM"
    " 'state_differs'",
    # One order has at most one attempt under way, so each of these has an order of its own.
    "INSERT INTO payment_order (id, app_id, payee, payee_title, payee_publisher, resident_id, title, amount_fen,"
    " currency, return_path, state, created_at, expires_at, reserved_fen, refunded_fen) SELECT 'ord_' || n, 'bench',"
    " 'merchant:bench:payable', '', '', 'res', '', 1, 'CNY', '/', 'open', %(noon)s, %(noon)s, 0, 0"
    " FROM spoiled WHERE kind = 'state_differs'",
    "INSERT INTO payment_attempt (id, order_id, channel, form_key, state, amount_fen, currency, queries, ask_at,"
    " created_at) SELECT 'att_' || lpad(n::text, 26, '0'), 'ord_' || n, 'bench-pay', n::text, 'uncertain',"
    f" {_FEN}, 'CNY', 0, %(noon)s, %(noon)s FROM spoiled WHERE kind = 'state_differs'",
    "INSERT INTO ledger_account (code, currency) VALUES ('channel:bench-pay:clearing', 'CNY'),"
    " ('merchant:bench:payable', 'CNY')",
    "INSERT INTO journal_transaction (id, key, fingerprint, kind, about, recorded_at) SELECT n,"
    " 'take:att_' || lpad(n::text, 26, '0'), '', 'post', 'ord_bench', %(noon)s"
    " FROM generate_series(0, %(lines)s - 1) AS n LEFT JOIN spoiled USING (n)"
    " WHERE kind IS NULL OR kind NOT IN ('missing_here', 'state_differs', 'not_posted')",
    "INSERT INTO journal_entry (account_id, account_seq, transaction_id, line, amount, held, awaited, balance)"
    f" SELECT a.id, n + 1, t.id, a.id, CASE a.code WHEN 'merchant:bench:payable' THEN {_FEN} ELSE -{_FEN} END, 0, 0, 0"
    " FROM (SELECT id, id AS n FROM journal_transaction) AS t CROSS JOIN ledger_account a",
)


async def _measure(address: Address, day: Day, rounds: int) -> bool:
    services = Services(
        Settings(), Database(address.url), Keyring((MasterKey("k", b"k" * 32),)), ManualClock(NOON + dt.timedelta(1)),
        RandomIds(),
    )  # fmt: skip
    reconciling = Reconciling(services, Channels({CHANNEL: Bill(day)}))
    seconds: list[float] = []
    peak = 0.0
    for _ in range(rounds):
        _forget_peak()
        watch = asyncio.create_task(_watch_postgres(services))
        begin = time.perf_counter()
        run = await reconciling.run(CHANNEL, DAY)
        seconds.append(time.perf_counter() - begin)
        watch.cancel()
        peak = max(peak, _own_peak() + max(_SERVERS, default=0.0))
    async with services.database.transaction() as session:
        rows = await store.of_day(session, CHANNEL, DAY)
    await services.database.close()
    expected = Counter((_spoiled_ref(kind, n), kind) for n in range(day.lines) if (kind := day.kind(n)))
    found = Counter((row.ref, BreakKind(row.kind)) for row in rows)
    false = (found - expected).total()
    unexplained = sum(row.difference_fen for row in rows)
    right = found == expected and run.theirs_fen - run.ours_fen == unexplained
    conclude(
        "reconcile",
        ratio=20 / median(seconds),
        seconds=median(seconds),
        mib=round(peak),
        found=(found & expected).total(),
        false=false,
        kinds=len({kind for _, kind in found}),
        lines_here=run.lines_here,
        lines_there=run.lines_there,
        unexplained_fen=unexplained,
        right=right,
    )
    return right


def _spoiled_ref(kind: BreakKind, n: int) -> str:
    return f"{'xtt' if kind is K.UNKNOWN_REFERENCE else 'att'}_{n:026}"


_SERVERS: list[float] = []


async def _watch_postgres(services: Services) -> None:
    """Note what the database's busy processes hold for themselves, in MiB, ten times a second."""
    while True:
        async with services.database.transaction() as session:
            pids = await session.scalars(
                text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            )
            _SERVERS.append(sum(map(_private, pids)))
        await asyncio.sleep(0.1)


def _private(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    anonymous = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(anonymous[1]) / 1024 if anonymous else 0.0


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _own_peak() -> float:
    high = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(high[1]) / 1024 if high else 0.0


if __name__ == "__main__":
    main()
