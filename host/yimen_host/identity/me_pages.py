"""“Me” 我的: the account, its sessions and passwords, what was granted, and who read what."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import Invalid
from yimen_host.core.pages import fields, local_path, render, say
from yimen_host.core.services import Services
from yimen_host.identity import store
from yimen_host.identity.accounts import PAYMENT, SIGN_IN, Accounts
from yimen_host.identity.browsers import browser_name
from yimen_host.identity.idnumber import region_name
from yimen_host.identity.passwords import good_password, good_pin
from yimen_host.identity.phones import masked
from yimen_host.identity.sessions import Sessions, present


async def me(request: Request) -> Response:
    """Show the account."""
    account = present(request).account
    return render(
        request,
        "identity/me.html",
        account=account,
        phone=masked(account.phone),
        region=region_name(account.region) if account.region else None,
        has_pin=await _accounts(request).has_password(account.id, PAYMENT),
    )


async def sessions(request: Request) -> Response:
    """Show where this account is signed in; a POST ends one session or all others."""
    viewer = present(request)
    book: Sessions = request.app.state.sessions
    if request.method == "POST":
        one = (await fields(request)).get("session")
        if one:
            await book.end(viewer.resident_id, only=one)
        else:
            await book.end(viewer.resident_id, but=viewer.session_id)
        return RedirectResponse("/me/sessions", 303)
    found = await book.listed(viewer.resident_id)
    shown = [(session, browser_name(session.browser)) for session in found]
    return render(request, "identity/sessions.html", sessions=shown, this=viewer.session_id)


async def password(request: Request) -> Response:
    """Change the sign-in password; every other session ends."""
    viewer = present(request)
    if request.method == "GET":
        return render(request, "identity/password.html", faults={})
    typed = await fields(request)
    try:
        fresh = good_password(typed.get("password", ""))
        if not await _accounts(request).check_password(viewer.resident_id, SIGN_IN, typed.get("old", "")):
            raise Invalid("wrong", {"old": "原密码不正确"})
    except Invalid as error:
        return render(request, "identity/password.html", status=422, faults=_said(request, error))
    await _accounts(request).set_password(viewer.resident_id, SIGN_IN, fresh)
    book: Sessions = request.app.state.sessions
    await book.end(viewer.resident_id, but=viewer.session_id)
    return RedirectResponse("/me", 303)


async def payment_password(request: Request) -> Response:
    """Set or change the payment password, by the sign-in password."""
    viewer, onward = present(request), local_path(request.query_params.get("next"), "/me")
    if request.method == "GET":
        return render(request, "identity/payment_password.html", next=onward, faults={})
    typed = await fields(request)
    try:
        pin = good_pin(typed.get("pin", ""))
        if pin != typed.get("again", ""):
            raise Invalid("differ", {"again": "两次输入的支付密码不一致"})
        if not await _accounts(request).check_password(viewer.resident_id, SIGN_IN, typed.get("password", "")):
            raise Invalid("wrong", {"password": "登录密码不正确"})
    except Invalid as error:
        faults = _said(request, error)
        return render(request, "identity/payment_password.html", status=422, next=onward, faults=faults)
    await _accounts(request).set_password(viewer.resident_id, PAYMENT, pin)
    return RedirectResponse(onward, 303)


async def accesses(request: Request) -> Response:
    """Show every row of who read this resident's data."""
    services: Services = request.app.state.services
    async with services.database.transaction() as session:
        rows = await store.accesses(session, present(request).resident_id)
    return render(request, "identity/accesses.html", accesses=rows, title_of=request.app.state.title_of)


def _said(request: Request, error: Invalid) -> dict[str, str]:
    return {name: say(request, message) for name, message in error.faults.items()}


def _accounts(request: Request) -> Accounts:
    found: Accounts = request.app.state.accounts
    return found


routes = [
    Route("/me", me),
    Route("/me/sessions", sessions, methods=["GET", "POST"]),
    Route("/me/password", password, methods=["GET", "POST"]),
    Route("/me/payment-password", payment_password, methods=["GET", "POST"]),
    Route("/me/data", accesses),
]
