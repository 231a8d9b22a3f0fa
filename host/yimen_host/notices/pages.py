"""The inbox page."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yimen_host.core.pages import render
from yimen_host.identity.sessions import present
from yimen_host.notices.inbox import PAGE, Inbox


async def inbox(request: Request) -> Response:
    """Show a resident's notices, the newest first."""
    box: Inbox = request.app.state.inbox
    rows = await box.page(present(request).resident_id, request.query_params.get("before"))
    older = rows[-1].id if len(rows) == PAGE else None
    return render(request, "notices/inbox.html", notices=rows, older=older)


routes = [Route("/notices", inbox)]
