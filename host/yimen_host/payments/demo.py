"""Starting balances of the demo's residents. Never used outside a demo."""

from yimen_host.payments.chart import grants, wallet
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger.draft import transfer
from yimen_sdk.money import Money


async def grant_demo_balance(payments: Payments, resident_id: str, amount: Money) -> None:
    """Put money into a resident's wallet, once however often it is called."""
    draft = transfer(
        f"demo-grant:{resident_id}", resident_id, debit=grants("demo"), credit=wallet(resident_id), amount=amount
    )
    await payments.ledger.post(draft)
