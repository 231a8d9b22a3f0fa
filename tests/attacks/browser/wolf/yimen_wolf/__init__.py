"""Wolf: a mini-app whose page attacks the portal around it."""

from yimen_sdk import MiniApp, Request, Response, hookimpl

app = MiniApp(__name__)


@app.get("/")
async def home(request: Request) -> Response:
    """Load the probes."""
    return request.page("home.html")


@app.get("/cookies")
async def cookies(request: Request) -> Response:
    """Tell which cookies arrive."""
    return Response(request.headers.get("cookie", ""), media_type="text/plain")


@app.get("/clear")
async def clear(request: Request) -> Response:
    """Ask the browser to forget every cookie of this site."""
    return Response(headers={"Clear-Site-Data": '"cookies"'})


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app to the host."""
    return [app]
