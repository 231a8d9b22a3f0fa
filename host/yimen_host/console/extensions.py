"""The console's page about operators' extensions: which are in use, which are left out, and why."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yimen_host.core.pages import render
from yimen_host.identity.sessions import with_role
from yimen_host.runtime.extensions.loading import Extensions


async def extensions(request: Request) -> Response:
    """List the extensions that the operator names."""
    with_role(request, "admin")
    found: Extensions = request.app.state.extensions
    return render(request, "console/extensions.html", records=found.records)


routes = [Route("/console/extensions", extensions)]
