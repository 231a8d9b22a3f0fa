"""Wolf: a mini-app whose page attacks the portal around it."""

from collections.abc import AsyncIterator

from yimen_sdk import MiniApp, Request, Response, StreamingResponse, WebSocket, hookimpl

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


@app.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Howl back, to whom it is."""
    async for text in socket.iter_text():
        await socket.send_text(f"{socket.resident.locale} {text}")


@app.get("/howls")
async def howls(request: Request) -> Response:
    """Stream two events."""

    async def events() -> AsyncIterator[str]:
        """Tell one after the other."""
        for number in range(2):
            yield f"data: {request.resident.locale} {number}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app to the host."""
    return [app]
