"""What the platform tells: an order was paid, or ended without payment, or its money could not be given back."""

from yimen_sdk import Host, OrderEnded, PaymentSettled, RefundEnded
from yimen_utilities.app import app, store
from yimen_utilities.payment import Happens
from yimen_utilities.settling import settle


@app.on(PaymentSettled)
async def settled(event: PaymentSettled, host: Host) -> None:
    """Tell the power company, once the money is in the ledger."""
    payment = await store.payment(event.reference or "")
    if payment is not None:
        await settle(payment, event.order_id, host, store)


@app.on(OrderEnded)
async def ended(event: OrderEnded, host: Host) -> None:
    """Let the bill be paid anew when an order ended without payment."""
    payment = await store.payment(event.reference or "")
    if payment is not None:
        await store.move(payment, Happens.ENDED)


@app.on(RefundEnded)
async def refunded(event: RefundEnded, host: Host) -> None:
    """Ask again for a refund that the bank declined."""
    payment = await store.payment(event.reference or "")
    if payment is not None and event.outcome == "failed":
        await settle(payment, event.order_id, host, store)
