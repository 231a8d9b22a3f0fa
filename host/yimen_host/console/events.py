"""A mini-app's dead letters in the developer's console: events that it did not take, why, and how they come again."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.console.developer import own_app
from yimen_host.console.refusals import shown
from yimen_host.core import deadletters
from yimen_host.core.pages import fields, render
from yimen_host.core.services import Services


@shown
async def page(request: Request) -> Response:
    """Show the events that were not taken; a POST sends those of one object again, in their order."""
    app_id = await own_app(request)
    services: Services = request.app.state.services
    if request.method == "POST":
        subject = (await fields(request)).get("subject", "")
        async with services.database.transaction() as session:
            await deadletters.send_again(session, f"app:{app_id}", subject)
        return RedirectResponse(request.url.path, 303)
    async with services.database.transaction() as session:
        letters = await deadletters.letters(session, f"app:{app_id}")
    subjects: dict[str, list[deadletters.Letter]] = {}
    for letter in letters:
        subjects.setdefault(letter.subject, []).append(letter)
    return render(request, "console/events.html", app_id=app_id, subjects=subjects)


routes = [Route("/developer/apps/{app_id}/events", page, methods=["GET", "POST"])]
