"""The payer's side, for a person in a browser: pay, refuse, or let the provider be late."""

import dataclasses

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from yimen_simulators.channels.drawing import PAGES
from yimen_simulators.channels.faults import Faults
from yimen_simulators.channels.sending import Mail
from yimen_simulators.channels.world import World

LATE_SECONDS = 20.0


async def phone(request: Request) -> Response:
    """What the payer's phone could pay now."""
    return _page("phone.html", trades=_world(request).books.waiting())


async def show(request: Request) -> Response:
    """One payment, to decide about."""
    trade = _world(request).books.by_number(request.path_params["number"])
    return _page("pay.html", trade=trade) if trade else _page("none.html", status=404)


async def decide(request: Request) -> Response:
    """Do what the payer chose, and tell the merchant."""
    own, mail = _world(request), request.app.state.mail
    assert isinstance(mail, Mail)
    trade = own.books.by_number(request.path_params["number"])
    if trade is None:
        return _page("none.html", status=404)
    choice = (await request.form()).get("choice")
    if choice == "refuse":
        own.books.end(trade.channel, trade.ref, "declined")
    elif own.books.pay(trade.channel, trade.ref):
        paid = own.books.trade(trade.channel, trade.ref)
        assert paid is not None
        if choice == "late":
            own.faults.notice_delay, before = LATE_SECONDS, own.faults.notice_delay
            mail.tell(paid)
            own.faults.notice_delay = before
        else:
            mail.tell(paid)
    if back := trade.return_url or request.query_params.get("redirect_url"):
        return RedirectResponse(back, 303)
    return RedirectResponse(f"/pay/{trade.number}", 303)


async def control(request: Request) -> Response:
    """Switch faults on and off: body, the fields of ``Faults``; what is not named is off."""
    asked = await request.json()
    known = {one.name for one in dataclasses.fields(Faults)}
    if wrong := sorted(set(asked) - known):
        return JSONResponse({"error": f"there is no fault {wrong[0]!r}", "faults": sorted(known)}, 422)
    _world(request).faults = Faults(**asked)
    return JSONResponse(dataclasses.asdict(_world(request).faults))


def _page(name: str, status: int = 200, **values: object) -> Response:
    return HTMLResponse(PAGES.get_template(name).render(**values), status)


def _world(request: Request) -> World:
    found: World = request.app.state.world
    return found


routes = [
    Route("/", phone),
    Route("/pay/{number}", show),
    Route("/pay/{number}", decide, methods=["POST"]),
    Route("/_faults", control, methods=["POST"]),
]
