"""The sandbox's own pages: what is pretended, the fictional people, and the development inbox. In the demo only."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yimen_host.core.pages import render
from yimen_host.core.services import Services
from yimen_host.identity import store
from yimen_host.identity.sandbox import population

SHOWN = 40


async def sandbox(request: Request) -> Response:
    """Say plainly what is pretended here."""
    return render(request, "identity/sandbox.html")


async def people(request: Request) -> Response:
    """List fictional people to verify as."""
    return render(request, "identity/sandbox_people.html", people=population()[:SHOWN])


async def inbox(request: Request) -> Response:
    """Show the text messages that were not sent."""
    services: Services = request.app.state.services
    async with services.database.transaction() as session:
        messages = await store.sandbox_messages(session)
    return render(request, "identity/sandbox_inbox.html", messages=messages)


routes = [
    Route("/sandbox", sandbox),
    Route("/sandbox/people", people),
    Route("/sandbox/inbox", inbox),
]
