"""The one statement that gives coupons out: a batch of claims in, coupons and the campaign's counters out.

It runs behind the lock of the campaign's budget account, so nobody else gives out coupons of the campaign at the same
moment and its view is newer than the last who did. Written by hand and prepared, as the ledger's statements are.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from yimen_host.payments.ledger.columns import numbers, words, written


class Row(NamedTuple):
    """A coupon to be, if there is one left and the person has none in this slot."""

    person: str
    slot: int
    resident_id: str
    region: str


@dataclass(frozen=True, slots=True)
class Given:
    """What a batch came to, by the places of its rows, from 0: who got a coupon, and who had which one before."""

    open: bool
    """Whether the campaign was running, within its time."""
    left: int
    """How many were left before this batch, of the stock and of the day's."""
    exhausted: bool
    """Whether the whole stock is out now."""
    new: Sequence[int]
    known: Mapping[int, str]


def coupon_id(posting: str, place: int) -> str:
    """The id of the coupon that a batch gives to the row at a place."""
    return f"{posting}.{place}"


def statement(campaign_id: str, rows: Sequence[Row], *, posting: str, now: dt.datetime, day: dt.date) -> str:
    """Write the statement for a batch; no two rows are of the same person and slot."""
    people, slots, residents, regions = zip(*rows, strict=True)
    values = (
        *(campaign_id, written(now), day.isoformat(), posting),
        *(words(people), numbers(slots), words(residents), words(regions)),
    )
    quoted = "','".join(values)
    return f"EXECUTE coupon_claim('{quoted}')"


def read(rows: Sequence[tuple[Any, ...]]) -> Given:  # Any: columns differ
    """Read what the statement answered."""
    ((left, exhausted, fresh, known, ids),) = rows
    had = dict(zip(_places(known), ids.split(",") if ids else (), strict=True))
    return Given(left is not None, left or 0, bool(exhausted), _places(fresh), had)


def _places(text: str | None) -> list[int]:
    return [int(place) - 1 for place in text.split(",")] if text else []


PREPARE = """
PREPARE coupon_claim (text, timestamptz, date, text, uuid[], smallint[], text[], text[]) AS
WITH campaign AS MATERIALIZED (
  SELECT id, stock, issued, day_stock, CASE WHEN day = $3 THEN day_issued ELSE 0 END AS day_issued, per_person,
         stack_group
  FROM coupon_campaign
  WHERE id = $1 AND state IN ('running', 'exhausted') AND claim_from <= $2 AND $2 < claim_until
  FOR NO KEY UPDATE
), room AS MATERIALIZED (
  SELECT least(stock - issued, coalesce(day_stock - day_issued, stock)) AS n FROM campaign
), asked AS MATERIALIZED (
  SELECT * FROM unnest($5, $6, $7, $8) WITH ORDINALITY AS a(person, slot, resident_id, region, place)
), known AS MATERIALIZED (
  SELECT person, slot, id FROM coupon WHERE person = ANY($5) AND campaign_id = $1
), fresh AS MATERIALIZED (
  SELECT asked.*, campaign.stack_group FROM asked CROSS JOIN campaign LEFT JOIN known USING (person, slot)
  WHERE known.id IS NULL AND asked.slot <= campaign.per_person
  ORDER BY place LIMIT (SELECT n FROM room)
), new AS (
  INSERT INTO coupon (person, campaign_id, slot, id, resident_id, region, stack_group, state, claimed_at, changed_at)
  SELECT person, $1, slot, $4 || '.' || place - 1, resident_id, region, stack_group, 'claimed', $2, $2 FROM fresh
), tally AS (
  INSERT INTO coupon_tally AS t (campaign_id, day, region, issued)
  SELECT $1, $3, region, count(*) FROM fresh GROUP BY region ORDER BY region
  ON CONFLICT (campaign_id, day, region) DO UPDATE SET issued = t.issued + excluded.issued
), counted AS (
  UPDATE coupon_campaign AS c
  SET issued = c.issued + k.n, day = $3, day_issued = campaign.day_issued + k.n,
      state = CASE WHEN c.issued + k.n = c.stock THEN 'exhausted' ELSE c.state END
  FROM (SELECT count(*) AS n FROM fresh) AS k, campaign WHERE c.id = campaign.id AND k.n > 0
  RETURNING c.issued = c.stock AS exhausted
)
SELECT (SELECT n FROM room), coalesce((SELECT exhausted FROM counted), (SELECT stock = issued FROM campaign)),
       (SELECT string_agg(place::text, ',') FROM fresh),
       string_agg(place::text, ',' ORDER BY place), string_agg(id, ',' ORDER BY place)
FROM asked JOIN known USING (person, slot);
"""
