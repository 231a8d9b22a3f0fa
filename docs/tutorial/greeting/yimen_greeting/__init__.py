"""Greeting: knows who is visiting, and sells them a cup of tea."""

from yimen_sdk import MiniApp, Request, Response, hookimpl, yuan

app = MiniApp(__name__)


@app.get("/")
async def home(request: Request) -> Response:
    """Greet the resident by their verified name."""
    return request.page("home.html", name=request.resident.name)


@app.post("/tea")
async def buy_tea(request: Request) -> Response:
    """Open an order for one cup and hand the resident to the cashier."""
    order = await request.host.payments.open_order("One cup of tea", yuan("8.00"))
    return request.redirect(order.cashier_url)


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app to the host."""
    return [app]
