"""The coupon centre 领券中心: what can be claimed, and what somebody holds."""

from collections import Counter

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.pages import fields, render
from yimen_host.core.services import Services
from yimen_host.identity.sessions import present
from yimen_host.payments.coupons.facade import Coupons
from yimen_host.payments.coupons.person import Person, person_of
from yimen_host.payments.coupons.views import campaign_view, coupon_view, told, told_words
from yimen_host.payments.facade import Payments


async def centre(request: Request) -> Response:
    """Show the campaigns that run, and the resident's own coupons."""
    desk, person = _coupons(request), _person(request)
    held = await desk.held(person)
    count = Counter(campaign.id for _, campaign in held)
    shown = [
        campaign_view(row, count[row.id], desk.may_claim(row, person, slot=count[row.id] + 1))
        for row in await desk.centre()
    ]
    return render(
        request,
        "coupons/centre.html",
        campaigns=shown,
        mine=[coupon_view(coupon, campaign) for coupon, campaign in held],
        told=told_words(_what_was_told(request, count)),
        verified=person.verified,
    )


async def claim(request: Request) -> Response:
    """Claim a coupon. Sent twice it is one."""
    typed, campaign_id = await fields(request), request.path_params["campaign_id"]
    slot = int(typed["slot"]) if typed.get("slot", "").isdecimal() and len(typed["slot"]) < 3 else 1
    answer = await _coupons(request).claim(campaign_id, _person(request), slot=slot)
    return RedirectResponse(f"/coupons?told={told(answer)}&of={campaign_id}", 303)


def _what_was_told(request: Request, held: Counter[str]) -> str:
    """A winner who clicks again after the last coupon went may hear "sold out" from another process: theirs is here."""
    word = request.query_params.get("told", "")
    if word.startswith("sold_out") and held[request.query_params.get("of", "")]:
        return "already_claimed"
    return word


def _person(request: Request) -> Person:
    services: Services = request.app.state.services
    return person_of(services.keyring, present(request).account)


def _coupons(request: Request) -> Coupons:
    payments: Payments = request.app.state.payments
    return payments.coupons


routes = [
    Route("/coupons", centre),
    Route("/coupons/{campaign_id}/claim", claim, methods=["POST"]),
]
