"""What a campaign came to: given out, used, the spending that it moved, its money now, and the last hour by minute."""

import csv
import datetime as dt
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yimen_host.core.services import Services
from yimen_host.payments import chart
from yimen_host.payments.coupons.models import CampaignRow
from yimen_host.payments.coupons.store import report as store
from yimen_host.payments.coupons.store.report import Line
from yimen_host.payments.ledger import books
from yimen_sdk.money import Money

MINUTES = 60  # that the live chart shows


@dataclass(frozen=True)
class Report:
    """A campaign's figures. ``moved`` is the sum of the orders that coupons were part of."""

    issued: int
    used: int
    out: int
    budget: Money
    committed: Money
    spent: Money
    moved: Money
    regions: Sequence[Line]
    classes: Sequence[Line]
    claims_by_minute: tuple[int, ...]
    uses_by_minute: tuple[int, ...]
    at: dt.datetime


async def report(services: Services, campaign: CampaignRow) -> Report:
    """Read a campaign's figures as they stand now."""
    now = services.clock.now()
    minutes = _last_minutes(now)
    async with services.database.transaction() as session:
        regions = await store.by_region(session, campaign.id)
        classes = await store.by_class(session, campaign.id)
        claimed = await books.taken_by_minute(session, chart.budget(campaign.id), since=minutes[0])
        used = await store.used_by_minute(session, campaign.id, since=minutes[0])
        states = await store.by_state(session, campaign.id)
        money = [
            (await books.balance(session, account(campaign.id))).posted
            for account in (chart.budget, chart.committed, chart.spent)
        ]
    budget, committed, spent = money
    return Report(
        issued=campaign.issued,
        used=sum(line.used for line in classes),
        out=sum(states.values()),
        budget=budget,
        committed=committed,
        spent=spent,
        moved=Money(sum(line.order_fen for line in classes), campaign.currency),
        regions=regions,
        classes=classes,
        claims_by_minute=tuple(claimed.get(minute, 0) // campaign.face_fen for minute in minutes),
        uses_by_minute=tuple(used.get(minute, 0) for minute in minutes),
        at=now,
    )


def as_csv(found: Report, *, name_region: Callable[[str], str], name_class: Callable[[str], str]) -> str:
    """Write a report as a table that a spreadsheet opens, amounts in yuan."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["section", "code", "name", "issued", "used", "coupons_yuan", "orders_yuan"])
    for section, lines, name in (("region", found.regions, name_region), ("class", found.classes, name_class)):
        for line in lines:
            issued = line.issued if section == "region" else ""
            yuan = [f"{fen // 100}.{fen % 100:02}" for fen in (line.paid_fen, line.order_fen)]
            table.writerow([section, line.name, name(line.name), issued, line.used, *yuan])
    return "\ufeff" + out.getvalue()  # Excel reads UTF-8 only behind this mark


def _last_minutes(now: dt.datetime) -> list[dt.datetime]:
    this = now.replace(second=0, microsecond=0)
    return [this - dt.timedelta(minutes=n) for n in range(MINUTES - 1, -1, -1)]
