"""The page on what is kept names every table, and the times that the code has."""

import re
from pathlib import Path

import psycopg

from yimen_host.core import keeping

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "retention.md").read_text()
LISTS = "What is forgotten", "What goes by itself", "What stays"
DAYS = {
    "one_time_code": keeping.CODES,
    "launch_ticket": keeping.TICKETS,
    "app_session": keeping.APP_SESSIONS,
    "session": keeping.SESSIONS,
    "payment_idempotency": keeping.ANSWERS,
    "payment_channel_notice": keeping.CHANNEL_NOTICES,
    "outbox_event": keeping.EVENTS,
    "webhook_delivery": keeping.DELIVERIES,
    "webhook_secret": keeping.SECRETS,
    "alert_dispatch": keeping.DISPATCHES,
    "notice": keeping.READ_NOTICES,
    "procrastinate_jobs": keeping.CHORES,
}


def _rows(title: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    return [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]


def test_the_page_names_every_table_once(migrated_url: str) -> None:
    tables = (
        "SELECT CASE schemaname WHEN 'yimen' THEN tablename ELSE schemaname || '.' || tablename END FROM pg_tables"
        " WHERE schemaname IN ('yimen', 'registry') AND tablename NOT LIKE 'alembic%'"
    )
    with psycopg.connect(migrated_url.replace("+psycopg", "")) as owner:
        there = sorted(name for (name,) in owner.execute(tables))

    named = sorted(name for title in LISTS for row in _rows(title) for name in re.findall(r"`([^`]+)`", row[0]))

    assert named == there


def test_the_page_tells_the_times_of_the_code() -> None:
    told = {re.findall(r"`([^`]+)`", row[0])[0]: re.findall(r"(\d+) days?", row[2])[0] for row in _rows(LISTS[0])}

    assert told == {table: str(kept.days) for table, kept in DAYS.items()}
