"""One running campaign for a demo, planned and approved the way every campaign is. Never used outside a demo."""

import datetime as dt

from yimen_host.payments.coupons.terms import Terms
from yimen_host.payments.facade import Payments
from yimen_sdk.money import yuan

TITLE = "贵州消费券 满30减10"
DAYS = 30


async def run_demo_campaign(payments: Payments, *, planner: str, approvers: tuple[str, str]) -> None:
    """Plan, approve and start the demo's campaign, unless there is one already."""
    planning = payments.coupons.planning
    if await planning.all():
        return
    row = await planning.plan(_terms(payments.services.clock.now()), by=planner)
    for approver in approvers:
        await planning.approve(row.id, by=approver)
    await planning.start(row.id, by=planner)


def _terms(now: dt.datetime) -> Terms:
    until = (now + dt.timedelta(days=DAYS)).replace(minute=0, second=0, microsecond=0)
    return Terms(
        title=TITLE,
        department="省商务厅（演示）",
        face=yuan("10.00"),
        threshold=yuan("30.00"),
        stock=10_000,
        budget=yuan("100000.00"),
        day_stock=2_000,
        per_person=3,
        resident_regions=("52",),
        merchant_regions=("52",),
        merchant_classes=("market", "utilities"),
        stack_group="government",
        claim_from=now,
        claim_until=until,
        use_from=now,
        use_until=until,
    )
