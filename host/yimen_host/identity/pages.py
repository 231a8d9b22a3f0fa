"""The pages of an account's doors: sign up, sign in, sign out, and verify the real name."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import HostError, Invalid
from yimen_host.core.pages import fields, local_path, render, say
from yimen_host.identity.accounts import Accounts
from yimen_host.identity.errors import AlreadyVerified, CodeLimit, PhoneTaken
from yimen_host.identity.phones import masked
from yimen_host.identity.sessions import Sessions, forget, keep, present

CODE_PURPOSE = "sign_up"


async def sign_up(request: Request) -> Response:
    """Ask for the phone number, and send a code to it."""
    onward = local_path(request.query_params.get("next"))
    if request.method == "GET":
        return render(request, "identity/sign_up.html", next=onward, values={}, faults={})
    typed = await fields(request)
    try:
        flow = await _accounts(request).send_code(typed.get("phone", ""), CODE_PURPOSE)
    except (Invalid, CodeLimit) as error:
        faults = _faults(request, error, "phone")
        return render(request, "identity/sign_up.html", status=error.status, next=onward, values=typed, faults=faults)
    return RedirectResponse(f"/sign-up/{flow}?next={quote(onward, safe='')}", 303)


async def sign_up_code(request: Request) -> Response:
    """Ask for the code and a password, and make the account."""
    flow, onward = request.path_params["flow"], local_path(request.query_params.get("next"))
    phone = await _accounts(request).phone_of(flow)
    if phone is None:
        return RedirectResponse("/sign-up", 303)
    page = {"phone": masked(phone), "next": onward, "flow": flow}
    if request.method == "GET":
        return render(request, "identity/sign_up_code.html", **page, faults={})
    typed = await fields(request)
    try:
        resident_id = await _accounts(request).sign_up(flow, typed.get("code", ""), typed.get("password", ""))
    except (Invalid, PhoneTaken) as error:
        faults = _faults(request, error, "code")
        return render(request, "identity/sign_up_code.html", status=error.status, **page, faults=faults)
    return await _signed_in(request, resident_id, f"/verify?next={quote(onward, safe='')}")


async def sign_in(request: Request) -> Response:
    """Ask for phone and password."""
    onward = local_path(request.query_params.get("next"))
    if request.method == "GET":
        return render(request, "identity/sign_in.html", next=onward, values={}, faults={})
    typed = await fields(request)
    try:
        resident_id = await _accounts(request).sign_in(typed.get("phone", ""), typed.get("password", ""))
    except Invalid as error:
        faults = _faults(request, error, "password")
        return render(request, "identity/sign_in.html", status=422, next=onward, values=typed, faults=faults)
    return await _signed_in(request, resident_id, onward)


async def sign_out(request: Request) -> Response:
    """End this session, and every mini-app's session under it."""
    viewer = present(request)
    sessions: Sessions = request.app.state.sessions
    await sessions.end(viewer.resident_id, only=viewer.session_id)
    response = RedirectResponse("/", 303)
    forget(response)
    return response


async def verify(request: Request) -> Response:
    """Ask for name and ID number, and bind the account to the person."""
    viewer, onward = present(request), local_path(request.query_params.get("next"))
    authority = _accounts(request).authority
    if viewer.account.assurance > 0:
        return RedirectResponse(onward, 303)
    if request.method == "GET":
        return render(request, "identity/verify.html", next=onward, authority=authority, values={}, faults={})
    typed = await fields(request)
    try:
        await _accounts(request).verify(viewer.resident_id, typed.get("name", ""), typed.get("id_number", ""))
    except AlreadyVerified:
        return RedirectResponse(onward, 303)
    except Invalid as error:
        faults = _faults(request, error, "name")
        page = {"next": onward, "authority": authority, "values": typed, "faults": faults}
        return render(request, "identity/verify.html", status=422, **page)
    return RedirectResponse(onward, 303)


async def _signed_in(request: Request, resident_id: str, onward: str) -> Response:
    sessions: Sessions = request.app.state.sessions
    secret = await sessions.begin(resident_id, request.headers.get("user-agent", ""))
    response = RedirectResponse(onward, 303)
    keep(response, secret)
    return response


def _faults(request: Request, error: HostError, field: str) -> dict[str, str]:
    faults = error.faults if isinstance(error, Invalid) else {field: error.message}
    return {name: say(request, message) for name, message in faults.items()}


def _accounts(request: Request) -> Accounts:
    found: Accounts = request.app.state.accounts
    return found


routes = [
    Route("/sign-up", sign_up, methods=["GET", "POST"]),
    Route("/sign-up/{flow}", sign_up_code, methods=["GET", "POST"]),
    Route("/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/verify", verify, methods=["GET", "POST"]),
]
