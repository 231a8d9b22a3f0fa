"""A province's past: five years of payments and all they left behind, nearly all of it ended long ago."""

import datetime as dt
from pathlib import Path

import psycopg

from yimen_host.core.database import SCHEMA

RESIDENT = "res_1"
"""Somebody who has used the platform all the time: every hundredth payment is theirs."""
APP = "tea"
"""A mini-app that has half of the orders."""
QUIET = "app9"
"""One whose webhooks heard nothing for the last years."""
_PAST = """
CREATE TEMPORARY TABLE past AS
SELECT n, lpad(n::text, 26, '0') AS id,
    CASE mod(n, 100) WHEN 0 THEN 'res_1' ELSE 'res_' || mod(n, %(payments)s / 50) + 2 END AS resident,
    CASE mod(n, 2) WHEN 0 THEN 'tea' ELSE 'app' || mod(n, 10) END AS app,
    CASE mod(n, 50) WHEN 0 THEN 'wallet' ELSE 'sandbox-bank' END AS channel,
    %(end)s - (%(payments)s - n) * (interval '5 years' / %(payments)s) AS at,
    %(end)s - (%(payments)s - n) * (interval '80 days' / %(payments)s) AS recent,
    %(end)s + interval '2 days' - (%(payments)s - n) * (interval '20 hours' / %(payments)s) AS today
FROM generate_series(1, %(payments)s) AS n
"""


def found(address: str, *, payments: int, end: dt.datetime, with_statistics: bool) -> None:
    """Give a migrated database such a past."""
    with psycopg.connect(address, options=f"-c search_path={SCHEMA},pg_temp -c timezone=UTC") as owner:
        owner.execute(_PAST, {"payments": payments, "end": end})
        owner.execute((Path(__file__).parent / "province.sql").read_bytes())
    if with_statistics:
        with psycopg.connect(address, autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE")
