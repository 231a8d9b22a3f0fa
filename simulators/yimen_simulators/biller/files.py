"""The power company's daily file: what it booked on a day, for whoever collects for it. Lines can be spoiled."""

import csv
import datetime as dt
import io
from dataclasses import replace

from yimen_simulators.biller.books import Booking

HEADER = ("sequence", "kind", "fen", "number", "period", "booked_at")
FAULTS = ("none", "missing", "twice", "wrong_amount", "not_reversed")
"""What may be wrong with the line of a sequence number."""
STRANGER = Booking("nobody-knows-it", "collected", 4321, "0520100001", "2026-01", "")


def daily_file(day: dt.date, bookings: list[Booking], faults: dict[str, str]) -> str:
    """A day's file, spoiled: ``faults`` by sequence number; that of ``extra`` is a line that nobody asked for."""
    lines = [spoiled for booking in bookings for spoiled in _spoil(booking, faults.get(booking.sequence, "none"))]
    if "extra" in faults:
        lines.append(replace(STRANGER, booked_at=f"{day.isoformat()}T12:00:00+08:00"))
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEADER)
    for line in lines:
        table.writerow([line.sequence, line.kind, line.fen, line.number, line.period, line.booked_at])
    sign = {"collected": 1, "reversed": -1}
    table.writerow(["total", len(lines), sum(sign[line.kind] * line.fen for line in lines)])
    return out.getvalue()


def _spoil(booking: Booking, fault: str) -> list[Booking]:
    match fault:
        case "missing":
            return []
        case "twice":
            return [booking, booking]
        case "wrong_amount":
            return [replace(booking, fen=booking.fen + 100)]
        case "not_reversed":  # it goes on as if it had never heard of the reversal
            return [replace(booking, kind="collected")] if booking.kind == "undone" else []
    return [] if booking.kind == "undone" else [booking]
