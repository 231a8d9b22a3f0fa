"""The console's page about the host itself: what stands as it should, and how far mini-apps are isolated."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yimen_host.core.pages import render
from yimen_host.core.services import Services
from yimen_host.identity.sessions import with_role
from yimen_host.runtime.extensions.loading import Extensions
from yimen_host.runtime.health import examine
from yimen_host.runtime.supervision import Supervision


async def page(request: Request) -> Response:
    """Show the findings of a look at everything, made now."""
    with_role(request, "admin")
    services: Services = request.app.state.services
    supervision: Supervision = request.app.state.supervision
    extensions: Extensions = request.app.state.extensions
    health = await examine(services.settings, services.database, supervision, extensions)
    return render(request, "console/health.html", health=health)


routes = [Route("/console/health", page)]
