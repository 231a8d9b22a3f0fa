"""Pages of mandates 代办授权: give one, ask for one, see every use, end it; and begin and leave acting for somebody."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import Invalid, NotFound, Refused
from yimen_host.core.pages import local_path, locale, render, say
from yimen_host.identity.mandates.apps import MandateApp, MandateAppSource
from yimen_host.identity.mandates.errors import MandateOver, NoSuchMandate
from yimen_host.identity.mandates.granting import Mandates
from yimen_host.identity.mandates.mandate import DAYS, State, Terms
from yimen_host.identity.mandates.models import MandateRow
from yimen_host.identity.mandates.views import MandateView, typed_money, use_view, view
from yimen_host.identity.sessions import present

COOKIE = "acting"
ACTING_SECONDS = 12 * 3600  # as long as a session at a mini-app's origin
WAYS = ("offer", "ask")


@dataclass(frozen=True)
class ActingFor:
    """For whom the viewer acts in a mini-app, for the bar that says so."""

    mandate_id: str
    name: str


async def acting_in(request: Request, app_id: str) -> ActingFor | None:
    """For whom the viewer acts in a mini-app. The cookie names a mandate: the database says whether it counts."""
    mandate_id = request.cookies.get(COOKIE)
    if not mandate_id:
        return None
    row = await _mandates(request).acting(present(request).resident_id, mandate_id, app_id)
    return ActingFor(row.id, await _name(request, row.representee_id)) if row else None


async def mandates(request: Request) -> Response:
    """List the mandates that the viewer gave and has."""
    viewer = present(request)
    shown = [await _view(request, row) for row in await _mandates(request).of_person(viewer.resident_id)]
    return render(
        request,
        "identity/mandates/list.html",
        given=[one for one in shown if one.given],
        had=[one for one in shown if not one.given],
        apps=_apps(request),
        acting=COOKIE in request.cookies,
        verified=viewer.account.assurance > 0,
    )


async def new(request: Request) -> Response:
    """The form of a new mandate for one mini-app: ``offer`` one, or ``ask`` for one."""
    app = _app(request, request.path_params["app_id"])
    way = request.path_params["way"]
    if way not in WAYS:
        raise NotFound("没有这个页面")
    form = await request.form(max_files=0, max_fields=60)
    typed = {name: value.strip() for name, value in form.items() if isinstance(value, str) and name != "scope"}
    ticked = frozenset(value for value in form.getlist("scope") if isinstance(value, str))
    if request.method == "POST":
        try:
            return RedirectResponse(f"/me/mandates/{await _make(request, app, way, typed, ticked)}", 303)
        except Invalid as error:
            faults = {field: say(request, words) for field, words in error.faults.items()}
        except Refused as error:
            faults = {"form": say(request, error.message)}
    else:
        ticked, faults = frozenset(), {}  # nothing is ticked beforehand: to allow is an act of the person
    return render(
        request,
        "identity/mandates/new.html",
        status=422 if faults else 200,
        app=app,
        way=way,
        typed=typed,
        ticked=ticked,
        days=DAYS,
        faults=faults,
    )


async def mandate(request: Request) -> Response:
    """Show one mandate with its terms, what is left of this month, and every use."""
    row, uses, used = await _mandates(request).seen(request.path_params["mandate_id"], present(request).resident_id)
    shown = await _view(request, row, used=used)
    return render(request, "identity/mandates/detail.html", mandate=shown, uses=[use_view(use) for use in uses])


async def confirm(request: Request) -> Response:
    """The representee says yes to what they were asked for."""
    mandate_id, viewer = request.path_params["mandate_id"], present(request)
    row, _, _ = await _mandates(request).seen(mandate_id, viewer.resident_id)
    reasons = {scope.name: scope.reason for scope in _app(request, row.app_id).scopes}
    if not frozenset(row.scopes.split()) <= reasons.keys():
        raise MandateOver("小程序已经变化，请重新申请")
    await _mandates(request).confirm(mandate_id, viewer.resident_id, reasons)
    return RedirectResponse(f"/me/mandates/{mandate_id}", 303)


async def end(request: Request) -> Response:
    """Either of the two ends it."""
    mandate_id = request.path_params["mandate_id"]
    await _mandates(request).end(mandate_id, present(request).resident_id)
    return RedirectResponse(f"/me/mandates/{mandate_id}", 303)


async def act(request: Request) -> Response:
    """Begin to act for the representee, and open the mini-app so."""
    viewer = present(request)
    row, _, _ = await _mandates(request).seen(request.path_params["mandate_id"], viewer.resident_id)
    if await _mandates(request).acting(viewer.resident_id, row.id, row.app_id) is None:
        raise MandateOver("这份代办授权现在不能用")
    response = RedirectResponse(f"/apps/{row.app_id}", 303)
    response.set_cookie(COOKIE, row.id, max_age=ACTING_SECONDS, samesite="lax", httponly=True, secure=True)
    return response


async def leave(request: Request) -> Response:
    """Go on for oneself."""
    form = await request.form(max_files=0, max_fields=5)
    response = RedirectResponse(local_path(str(form.get("next", "")), "/me/mandates"), 303)
    response.delete_cookie(COOKIE, samesite="lax", httponly=True, secure=True)
    return response


async def _make(request: Request, app: MandateApp, way: str, typed: dict[str, str], ticked: frozenset[str]) -> str:
    """Make the mandate that was typed. Raises Invalid with every fault found at once, and what granting raises."""
    book, viewer = _mandates(request), present(request)
    reasons = {scope.name: scope.reason for scope in app.scopes}
    faults: dict[str, str] = {}
    payment_cap = typed_money(typed, "payment_cap", faults)
    month_cap = typed_money(typed, "month_cap", faults)
    if faults:
        raise Invalid("the form is not complete", faults)
    days = int(typed["days"]) if typed.get("days", "").isascii() and typed.get("days", "").isdecimal() else 0
    terms = Terms(app.app_id, ticked & reasons.keys(), payment_cap, month_cap, days)
    other = await book.other(viewer.account, typed.get("phone", ""), typed.get("name", ""))
    if way == "offer":
        return await book.offer(viewer.resident_id, other.id, terms, reasons)
    return await book.ask(viewer.resident_id, other.id, terms)


async def _view(request: Request, row: MandateRow, *, used: int = 0) -> MandateView:
    viewer_id = present(request).resident_id
    given = row.representee_id == viewer_id
    other = await _name(request, row.delegate_id if given else row.representee_id)
    app = next((app for app in _apps(request) if app.app_id == row.app_id), None)
    counts = row.state == State.ACTIVE and row.ends_at > _mandates(request).services.clock.now()
    return view(row, given=given, other=other, app=app, used=used, counts=counts)


async def _name(request: Request, resident_id: str) -> str:
    account = await _mandates(request).accounts.account(resident_id)
    if account is None:
        raise NoSuchMandate
    return account.display_name


def _app(request: Request, app_id: str) -> MandateApp:
    for app in _apps(request):
        if app.app_id == app_id:
            return app
    raise NotFound("这个小程序不支持代办")


def _apps(request: Request) -> list[MandateApp]:
    source: MandateAppSource = request.app.state.mandate_apps
    return source.mandate_apps(locale(request))


def _mandates(request: Request) -> Mandates:
    found: Mandates = request.app.state.mandates
    return found


routes = [
    Route("/me/mandates", mandates),
    Route("/me/mandates/leave", leave, methods=["POST"]),
    Route("/me/mandates/new/{app_id}/{way}", new, methods=["GET", "POST"]),
    Route("/me/mandates/{mandate_id}", mandate),
    Route("/me/mandates/{mandate_id}/confirm", confirm, methods=["POST"]),
    Route("/me/mandates/{mandate_id}/end", end, methods=["POST"]),
    Route("/me/mandates/{mandate_id}/act", act, methods=["POST"]),
]
