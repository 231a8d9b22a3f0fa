"""Utilities 生活缴费: link a power account, see what the bill is made of, pay it, follow it to the power company."""

from yimen_sdk import Host, MiniApp, OrderEnded, PaymentSettled, hookimpl
from yimen_utilities import pages
from yimen_utilities.payment import Happens
from yimen_utilities.settling import settle

app = MiniApp(__name__)

app.get("/")(pages.home)
app.post("/accounts")(pages.link)
app.get("/accounts/{number}")(pages.account)
app.post("/accounts/{number}/unlink")(pages.unlink)
app.post("/accounts/{number}/bills/{period}/pay")(pages.pay)
app.get("/payments/{payment}")(pages.payment)


@app.on(PaymentSettled)
async def paid(event: PaymentSettled, host: Host) -> None:
    """Tell the power company, once the money is in the ledger."""
    payment = await pages.store.payment(event.reference or "")
    if payment is not None:
        await settle(payment, event.order_id, host, pages.store)


@app.on(OrderEnded)
async def ended(event: OrderEnded, host: Host) -> None:
    """Let the bill be paid anew when an order ended without payment."""
    payment = await pages.store.payment(event.reference or "")
    if payment is not None:
        await pages.store.move(payment, Happens.ENDED)


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app to the host."""
    return [app]
