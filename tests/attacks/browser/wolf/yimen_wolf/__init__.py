"""Wolf: a mini-app whose page attacks the portal around it."""

from yimen_sdk import MiniApp, Request, Response, hookimpl

app = MiniApp(__name__)


@app.get("/")
async def home(request: Request) -> Response:
    """Load the probes."""
    return request.page("home.html")


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app to the host."""
    return [app]
