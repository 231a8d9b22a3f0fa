"""The pretend bank as the payer of merchants: translates its words into facts."""

from yimen_host.payments.channels.sandbox_bank.bank import Bank
from yimen_host.payments.settlement.payouts import NotPaidOut, PaidOut, Payout, PayoutFact


class SandboxPayouts:
    """Pays merchants from the platform's account at the pretend bank."""

    id = "sandbox-bank"

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    async def send(self, payout: Payout) -> PayoutFact:
        """Ask the bank to pay."""
        paid = await self.bank.pay_out(payout.id, name=payout.name, account=payout.account, amount=payout.amount)
        return _fact(paid)

    async def query(self, payout_id: str) -> PayoutFact:
        """Ask the bank whether it has paid."""
        return _fact(await self.bank.paid_out(payout_id))


def _fact(paid: bool | None) -> PayoutFact:
    if paid is None:
        return NotPaidOut("unknown")
    return PaidOut() if paid else NotPaidOut("no_such_account")
