"""The console of reconciliation: the one number, how old it is, the runs, and what may be done with each break."""

import datetime as dt

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import Invalid
from yimen_host.core.pages import fields, locale, render, say
from yimen_host.identity.accounts import Accounts
from yimen_host.identity.sessions import with_role
from yimen_host.payments.facade import Payments
from yimen_host.payments.reconciliation.breaks import UNEXPLAINED
from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.models import BreakRow
from yimen_host.payments.reconciliation.resolving import PAGE, Resolving, takable
from yimen_host.payments.reconciliation.sides import sides_of
from yimen_host.payments.reconciliation.views import KIND_WORDS, RESOLUTION_WORDS, STATE_WORDS, age_groups, side_words
from yimen_sdk.money import Money

HOME = "/console/reconciliation"


async def home(request: Request) -> Response:
    """Show what is unexplained and the breaks that wait; a POST runs a channel's day now."""
    by = with_role(request, "admin").resident_id
    payments, faults = _payments(request), dict[str, str]()
    if request.method == "POST":
        typed = await fields(request)
        try:
            source, day = _asked(payments, typed)
        except Invalid as error:
            faults = {name: say(request, fault) for name, fault in error.faults.items()}
        else:
            await payments.reconciling.run(source, day, by=by)
            await payments.channel_fees.due()
            return RedirectResponse(HOME, 303)
    overview = await payments.resolving.overview()
    ended, after = "ended" in request.query_params, request.query_params.get("after")
    rows = await payments.resolving.page(ended=ended, after=after)
    return render(
        request,
        "reconciliation/home.html",
        status=422 if faults else 200,
        overview=overview,
        groups=[(group, Money(group.fen)) for group in age_groups(overview)],
        runs=[(run, _title(request, run.source)) for run in overview.runs],
        breaks=[(row, _title(request, row.source), *_words(row), Money(row.difference_fen)) for row in rows],
        more=rows[-1].id if len(rows) == PAGE else None,
        ended=ended,
        sources=[(source.id, source.title.in_(locale(request))) for source in payments.reconciling.sources()],
        yesterday=overview.today - dt.timedelta(days=1),
        faults=faults,
    )


async def one(request: Request) -> Response:
    """Show a break with both sides; a POST does what its button says."""
    viewer, resolving = with_role(request, "admin"), _payments(request).resolving
    break_id = str(request.path_params["break_id"])
    if request.method == "POST":
        await _act(resolving, break_id, (await fields(request)).get("act", ""), viewer.resident_id)
        return RedirectResponse(f"{HOME}/breaks/{break_id}", 303)
    row = await resolving.find(break_id)
    kind, state = _words(row)
    sides = await sides_of(_payments(request).reconciling, row)
    return render(
        request,
        "reconciliation/break.html",
        row=row,
        kind=kind,
        state=state,
        title=_title(request, row.source),
        ours=None if row.ours_fen is None else Money(row.ours_fen),
        theirs=None if row.theirs_fen is None else Money(row.theirs_fen),
        difference=Money(row.difference_fen),
        end=RESOLUTION_WORDS.get(row.resolution) if row.resolution else None,  # type: ignore[call-overload]  # its word
        waits=row.state in UNEXPLAINED,
        sides=sides,
        channel=side_words(sides.channel) if sides else None,
        biller=side_words(sides.biller) if sides else None,
        takable=takable(row),
        mine=row.proposer == viewer.resident_id,
        people={who: await _name(request, who) for who in (row.owner, row.proposer, row.ended_by) if who},
    )


async def _act(resolving: Resolving, break_id: str, act: str, by: str) -> None:
    match act:
        case "assign":
            await resolving.assign(break_id, to=by)
        case "take_in":
            await resolving.take_in(break_id, by=by)
        case "suspense":
            await resolving.to_suspense(break_id, by=by)
        case "propose":
            await resolving.propose_write_off(break_id, by=by)
        case "write_off":
            await resolving.write_off(break_id, by=by)
        case "see":
            await resolving.see(break_id, by=by)
        case _:
            raise Invalid("there is no such act")


def _asked(payments: Payments, typed: dict[str, str]) -> tuple[str, dt.date]:
    source = typed.get("source", "")
    if source not in {known.id for known in payments.reconciling.sources()}:
        raise Invalid("no such source", {"source": "请选择对账方"})
    try:
        day = dt.date.fromisoformat(typed.get("day", ""))
    except ValueError:
        day = dt.date.max
    if day >= payments.reconciling.today():
        raise Invalid("no such day", {"day": "请选择今天以前的日期"})
    return source, day


def _words(row: BreakRow) -> tuple[str, tuple[str, str]]:
    return KIND_WORDS[BreakKind(row.kind)], STATE_WORDS[row.state]  # type: ignore[index]  # a state by its word


def _title(request: Request, source: str) -> str:
    return _payments(request).reconciling.title(source).in_(locale(request))


async def _name(request: Request, resident_id: str) -> str:
    accounts: Accounts = request.app.state.accounts
    async with _payments(request).services.database.transaction() as session:
        account = await accounts.open(session, resident_id)
    return account.display_name if account else resident_id


def _payments(request: Request) -> Payments:
    payments: Payments = request.app.state.payments
    return payments


routes = [
    Route(HOME, home, methods=["GET", "POST"]),
    Route(f"{HOME}/breaks/{{break_id}}", one, methods=["GET", "POST"]),
]
