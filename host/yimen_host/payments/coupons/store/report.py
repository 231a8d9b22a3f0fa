"""Sums for a campaign's report: what was given out, by day and region; what was used, by region and merchant class."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Line:
    """One line of a report: coupons given out and used, what they paid, and the orders that they were part of."""

    name: str
    issued: int
    used: int
    paid_fen: int
    order_fen: int


async def by_region(session: AsyncSession, campaign_id: str) -> Sequence[Line]:
    """By the region where people are registered."""
    rows = await session.execute(
        text(
            "SELECT region, coalesce(issued, 0)::bigint, coalesce(used, 0), coalesce(paid, 0)::bigint,"
            " coalesce(orders, 0)::bigint FROM (SELECT region, sum(issued) AS issued FROM coupon_tally"
            " WHERE campaign_id = :campaign GROUP BY region) AS given FULL JOIN (SELECT region, count(*) AS used,"
            " sum(fen - returned_fen) AS paid, sum(order_fen) AS orders FROM coupon_share"
            " WHERE campaign_id = :campaign AND settled_at IS NOT NULL AND returned_fen < fen GROUP BY region) AS spent"
            " USING (region) ORDER BY 2 DESC, region"
        ),
        {"campaign": campaign_id},
    )
    return [Line(*row) for row in rows]


async def by_class(session: AsyncSession, campaign_id: str) -> Sequence[Line]:
    """By the class of the merchant where coupons were used; nobody knows a class of those that were not."""
    rows = await session.execute(
        text(
            "SELECT merchant_class, 0, count(*), sum(fen - returned_fen)::bigint, sum(order_fen)::bigint"
            " FROM coupon_share WHERE campaign_id = :campaign AND settled_at IS NOT NULL AND returned_fen < fen"
            " GROUP BY merchant_class ORDER BY 3 DESC, merchant_class"
        ),
        {"campaign": campaign_id},
    )
    return [Line(*row) for row in rows]


async def used_by_minute(session: AsyncSession, campaign_id: str, *, since: dt.datetime) -> dict[dt.datetime, int]:
    """How many coupons were used in each minute since a moment."""
    rows = await session.execute(
        text(
            "SELECT date_trunc('minute', settled_at) AS minute, count(*) AS used FROM coupon_share"
            " WHERE campaign_id = :campaign AND settled_at >= :since GROUP BY 1"
        ),
        {"campaign": campaign_id, "since": since},
    )
    return {row.minute: row.used for row in rows}


async def by_state(session: AsyncSession, campaign_id: str) -> dict[str, int]:
    """How many coupons that are out stand in which state."""
    rows = await session.execute(
        text(
            "SELECT state, count(*) AS number FROM coupon WHERE campaign_id = :campaign"
            " AND state IN ('claimed', 'locked', 'released') GROUP BY state"
        ),
        {"campaign": campaign_id},
    )
    return {row.state: row.number for row in rows}
