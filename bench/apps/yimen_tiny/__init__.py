"""The smallest mini-app, for measuring what surrounds it: the same application runs bare and through the gateway."""

from starlette.responses import JSONResponse

from yimen_sdk import MiniApp, Request, Response, hookimpl

app = MiniApp(__name__)


@app.get("/", public=True)
async def home(request: Request) -> Response:
    """Answer something small."""
    return JSONResponse({"hello": "world"})


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app."""
    return [app]
