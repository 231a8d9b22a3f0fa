"""A mini-app's webhooks in the developer's console: endpoints, secrets, deliveries, dead letters."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.console.developer import own_app, own_standing_app
from yimen_host.console.refusals import shown
from yimen_host.core.errors import HostError, Invalid, Refused
from yimen_host.core.pages import MAX_FORM_FIELDS, fields, render
from yimen_host.payments.events import TOLD
from yimen_host.payments.webhooks.endpoints import OVERLAP, Endpoints


@shown
async def home(request: Request) -> Response:
    """List a mini-app's endpoints; a POST makes one, and its secret is shown this once."""
    app_id, endpoints = await own_standing_app(request), _endpoints(request)
    typed, faults, status = "", dict[str, str](), 200
    if request.method == "POST":
        form = await request.form(max_files=0, max_fields=MAX_FORM_FIELDS)
        typed, types = str(form.get("url", "")), [str(value) for value in form.getlist("types")]
        try:
            made = await endpoints.add(app_id, typed, types=types, known=TOLD)
        except (Invalid, Refused) as error:
            faults, status = (error.faults if isinstance(error, Invalid) else {"url": error.message}), 422
        else:
            return await _detail(request, app_id, made.endpoint.id, secret=made.secret)
    return render(
        request,
        "console/webhooks.html",
        status=status,
        app_id=app_id,
        endpoints=await endpoints.of_app(app_id),
        types=TOLD,
        typed=typed,
        faults=faults,
    )


@shown
async def endpoint(request: Request) -> Response:
    """Show an endpoint with its newest deliveries; a POST does what its button says."""
    app_id, endpoint_id = await own_app(request), str(request.path_params["endpoint"])
    if request.method == "GET":
        return await _detail(request, app_id, endpoint_id)
    typed, endpoints = await fields(request), _endpoints(request)
    place = request.url.path
    match typed.get("do"):
        case "rotate":
            return await _detail(request, app_id, endpoint_id, secret=await endpoints.rotate(app_id, endpoint_id))
        case "pause":
            await endpoints.pause(app_id, endpoint_id)
        case "start":
            await endpoints.start(app_id, endpoint_id)
        case "test":
            await endpoints.test(app_id, endpoint_id)
        case "remove":
            await endpoints.remove(app_id, endpoint_id)
            place = f"/developer/apps/{app_id}/webhooks"
        case "again" if typed.get("delivery", "").isdecimal():
            await endpoints.send_again(app_id, endpoint_id, int(typed["delivery"]))
        case "all":
            await endpoints.send_dead_again(app_id, endpoint_id)
        case _:
            raise UnknownAct("there is no such button")
    return RedirectResponse(place, 303)


class UnknownAct(HostError):
    """The form asks for what the page does not offer."""

    code = "unknown_act"
    status = 400


async def _detail(request: Request, app_id: str, endpoint_id: str, *, secret: str | None = None) -> Response:
    found, secrets, letters = await _endpoints(request).show(app_id, endpoint_id)
    dead = sum(letter.delivery.state == "dead" for letter in letters)
    ending: Sequence[object] = [one.ends_at for one in secrets if one.ends_at]
    response = render(
        request,
        "console/webhook.html",
        app_id=app_id,
        endpoint=found,
        letters=letters,
        dead=dead,
        secret=secret,
        ending=ending,
        overlap=int(OVERLAP.total_seconds() // 3600),
    )
    response.headers["cache-control"] = "no-store"
    return response


def _endpoints(request: Request) -> Endpoints:
    found: Endpoints = request.app.state.webhooks
    return found


routes = [
    Route("/developer/apps/{app_id}/webhooks", home, methods=["GET", "POST"]),
    Route("/developer/apps/{app_id}/webhooks/{endpoint}", endpoint, methods=["GET", "POST"]),
]
