"""The console of coupons: campaigns are planned, approved by two people, run, held, stopped, settled and watched."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import Invalid
from yimen_host.core.pages import fields, locale, render, say
from yimen_host.identity.accounts import Accounts
from yimen_host.identity.idnumber import region_name
from yimen_host.identity.sessions import with_role
from yimen_host.payments.coupons.campaigns import CAMPAIGN, CampaignEvent, CampaignState
from yimen_host.payments.coupons.charts import chart
from yimen_host.payments.coupons.errors import CouponNotHeld
from yimen_host.payments.coupons.models import CampaignRow
from yimen_host.payments.coupons.plan import read_plan
from yimen_host.payments.coupons.planning import Planning, terms_of
from yimen_host.payments.coupons.report import as_csv, report
from yimen_host.payments.coupons.views import ACT_WORDS, CAMPAIGN_WORDS
from yimen_host.payments.facade import Payments
from yimen_sdk.manifest.category import CATEGORY_TITLES, Category

PLANNERS = ("planner", "admin")
APPROVERS = ("approver", "admin")
EVERYONE = ("planner", "approver", "admin")
OFFERED = {
    CampaignEvent.APPROVE: ("批准", APPROVERS),
    CampaignEvent.START: ("启动并拨付预算", PLANNERS),
    CampaignEvent.PAUSE: ("暂停", PLANNERS),
    CampaignEvent.RESUME: ("恢复", PLANNERS),
    CampaignEvent.END: ("提前结束", PLANNERS),
    CampaignEvent.SETTLE: ("结清并退回余额", PLANNERS),
    CampaignEvent.DISCARD: ("放弃", EVERYONE),
}
"""What a person may do, how the button says it, and whose duty it is."""


async def campaigns(request: Request) -> Response:
    """List every campaign."""
    with_role(request, *EVERYONE)
    rows = await _planning(request).all()
    shown = [(row, terms_of(row), CAMPAIGN_WORDS[CampaignState(row.state)]) for row in rows]
    return render(request, "coupons/campaigns.html", campaigns=shown)


async def plan(request: Request) -> Response:
    """Show the form of a new campaign; a POST writes the draft, or says everything that is wrong with it at once."""
    planner = with_role(request, *PLANNERS)
    classes = {category.value: title.in_(locale(request)) for category, title in CATEGORY_TITLES.items()}
    typed: dict[str, str] = {}
    faults: dict[str, str] = {}
    if request.method == "POST":
        typed = await fields(request)
        chosen = {name.removeprefix("class.") for name in typed if name.startswith("class.")}
        try:
            terms = read_plan(typed, classes=classes, chosen=chosen)
            row = await _planning(request).plan(terms, by=planner.resident_id)
            return RedirectResponse(f"/console/campaigns/{row.id}", 303)
        except Invalid as error:
            faults = {field: say(request, fault) for field, fault in error.faults.items()}
    return render(
        request, "coupons/plan.html", status=422 if faults else 200, typed=typed, faults=faults, classes=classes
    )


async def campaign(request: Request) -> Response:
    """Show one campaign: its terms, who answered for it, what may be done, and how it goes."""
    return await _campaign(request)


async def revoke(request: Request) -> Response:
    """Take one coupon back from whoever has it, with a reason that stays in the campaign's log."""
    by, typed = with_role(request, *PLANNERS).resident_id, await fields(request)
    campaign_id, coupon_id = request.path_params["campaign_id"], typed.get("coupon", "")
    try:
        await _payments(request).coupons.expiry.revoke(campaign_id, coupon_id, by=by, reason=typed.get("reason", ""))
    except Invalid as error:
        return await _campaign(request, typed=typed, faults=error.faults)
    except CouponNotHeld:
        return await _campaign(request, typed=typed, faults={"coupon": "没有这张券，或者它已被使用、过期或收回"})
    return RedirectResponse(f"/console/campaigns/{campaign_id}", 303)


async def _campaign(
    request: Request, *, typed: Mapping[str, str] | None = None, faults: Mapping[str, str] | None = None
) -> Response:
    viewer = with_role(request, *EVERYONE)
    row = await _planning(request).find(request.path_params["campaign_id"])
    acts = await _planning(request).acts(row.id)
    return render(
        request,
        "coupons/campaign.html",
        status=422 if faults else 200,
        typed=typed or {},
        faults={name: say(request, fault) for name, fault in (faults or {}).items()},
        may_revoke=bool(row.issued and viewer.roles & set(PLANNERS)),
        campaign=row,
        terms=terms_of(row),
        state=CAMPAIGN_WORDS[CampaignState(row.state)],
        offered=[(act, OFFERED[act][0]) for act in _offered(row, viewer.resident_id, viewer.roles)],
        acts=[(ACT_WORDS[act.act], await _name(request, act.by), act.at, act.note) for act in acts],
        regions=[region_name(prefix.ljust(6, "0")) for prefix in row.resident_regions],
        places=[region_name(prefix.ljust(6, "0")) for prefix in row.merchant_regions],
        classes=[CATEGORY_TITLES[Category(name)].in_(locale(request)) for name in row.merchant_classes],
        **await _figures(request, row),
    )


async def act(request: Request) -> Response:
    """Do what a button says."""
    typed, campaign_id = await fields(request), request.path_params["campaign_id"]
    try:
        event = CampaignEvent(typed.get("act", ""))
        duties = OFFERED[event][1]
    except (ValueError, KeyError):
        raise Invalid("there is no such act") from None
    by, planning = with_role(request, *duties).resident_id, _planning(request)
    if event is CampaignEvent.APPROVE:
        await planning.approve(campaign_id, by=by)
    elif event is CampaignEvent.START:
        await planning.start(campaign_id, by=by)
    elif event is CampaignEvent.SETTLE:
        await planning.settle(campaign_id, by=by)
    else:
        move = {
            CampaignEvent.PAUSE: planning.pause,
            CampaignEvent.RESUME: planning.resume,
            CampaignEvent.END: planning.end,
            CampaignEvent.DISCARD: planning.discard,
        }[event]
        await move(campaign_id, by=by, note=typed.get("note", ""))
    return RedirectResponse(f"/console/campaigns/{campaign_id}", 303)


async def live(request: Request) -> Response:
    """The part of a campaign's page that changes by itself; ``campaign.js`` asks for it."""
    with_role(request, *EVERYONE)
    row = await _planning(request).find(request.path_params["campaign_id"])
    return render(request, "coupons/live.html", campaign=row, terms=terms_of(row), **await _figures(request, row))


async def export(request: Request) -> Response:
    """The report as a file."""
    with_role(request, *EVERYONE)
    row = await _planning(request).find(request.path_params["campaign_id"])
    text = as_csv(
        await report(_payments(request).services, row),
        name_region=region_name,
        name_class=lambda name: _class_name(request, name),
    )
    headers = {"Content-Disposition": f'attachment; filename="{row.id}.csv"'}
    return PlainTextResponse(text, media_type="text/csv", headers=headers)


async def _figures(request: Request, row: CampaignRow) -> dict[str, Any]:  # Any: a template's names
    found = await report(_payments(request).services, row)
    return {
        "report": found,
        "claims": chart(found.claims_by_minute),
        "uses": chart(found.uses_by_minute),
        "regions_used": [(region_name(line.name), line) for line in found.regions],
        "classes_used": [(_class_name(request, line.name), line) for line in found.classes],
    }


async def _name(request: Request, resident_id: str | None) -> str | None:
    """Whoever answers for a campaign does so by name; nobody is the clock."""
    if resident_id is None:
        return None
    accounts: Accounts = request.app.state.accounts
    async with _payments(request).services.database.transaction() as session:
        account = await accounts.open(session, resident_id)
    return account.display_name if account else resident_id


def _offered(row: CampaignRow, resident_id: str, roles: frozenset[str]) -> list[CampaignEvent]:
    involved = (row.planner, row.first_approver)
    return [
        event
        for event, (_, duties) in OFFERED.items()
        if row.state in CAMPAIGN.sources(event)
        and roles & set(duties)
        and not (event is CampaignEvent.APPROVE and resident_id in involved)
    ]


def _class_name(request: Request, name: str) -> str:
    return CATEGORY_TITLES[Category(name)].in_(locale(request)) if name in set(Category) else name


def _planning(request: Request) -> Planning:
    return _payments(request).coupons.planning


def _payments(request: Request) -> Payments:
    payments: Payments = request.app.state.payments
    return payments


routes = [
    Route("/console/campaigns", campaigns),
    Route("/console/campaigns/new", plan, methods=["GET", "POST"]),
    Route("/console/campaigns/{campaign_id}", campaign),
    Route("/console/campaigns/{campaign_id}/act", act, methods=["POST"]),
    Route("/console/campaigns/{campaign_id}/revoke", revoke, methods=["POST"]),
    Route("/console/campaigns/{campaign_id}/live", live),
    Route("/console/campaigns/{campaign_id}/report.csv", export),
]
