"""Payments as the rest of the host sees them: one object, made at start, that owns the ledger's writer."""

from collections.abc import Iterable

from yimen_host.core.press import Press
from yimen_host.core.services import Services
from yimen_host.payments.booking import Booking
from yimen_host.payments.channels.absent import Channels
from yimen_host.payments.channels.channel import PaymentChannel
from yimen_host.payments.channels.sandbox_bank.bank import Bank
from yimen_host.payments.channels.sandbox_bank.channel import SandboxBank
from yimen_host.payments.channels.sandbox_bank.payouts import SandboxPayouts
from yimen_host.payments.channels.wallet import Wallet
from yimen_host.payments.chart import wallet
from yimen_host.payments.coupons.facade import Coupons
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.books import Balance
from yimen_host.payments.ledger.writer import Writer
from yimen_host.payments.merchants.fees import MerchantFees
from yimen_host.payments.merchants.register import Register
from yimen_host.payments.ordering import Ordering
from yimen_host.payments.papers.patience import Patience
from yimen_host.payments.password import PaymentPassword
from yimen_host.payments.reconciliation.billerfile import BillerFile
from yimen_host.payments.reconciliation.channelfees import ChannelFees
from yimen_host.payments.reconciliation.resolving import Resolving
from yimen_host.payments.reconciliation.running import Reconciling
from yimen_host.payments.refund_booking import RefundBooking
from yimen_host.payments.refunding import Refunding
from yimen_host.payments.settlement.payouts import Payouts
from yimen_host.payments.settlement.settling import Settling
from yimen_host.payments.splits.splitting import Splitting
from yimen_host.payments.till import Till


class Payments:
    """The ledger, the orders, the till, the refunds and the coupons of one host process."""

    def __init__(
        self,
        services: Services,
        password: PaymentPassword,
        *,
        more_channels: Iterable[PaymentChannel] = (),
        payouts: Payouts | None = None,
    ) -> None:
        self.services = services
        self.bank = Bank(services) if services.settings.demo else None
        self.channels = Channels({"wallet": Wallet()})
        for channel in (*([SandboxBank(self.bank)] if self.bank else []), *more_channels):
            if channel.id in self.channels:
                raise ValueError(f"there are two payment channels called {channel.id}")
            self.channels[channel.id] = channel
        self.press, self.patience = Press(), Patience()
        self.ledger = Writer(services.database, services.clock)
        self.coupons = Coupons(services, self.ledger)
        self.splitting = Splitting(services.database)
        redemption, splitting = self.coupons.redemption, self.splitting
        self.orders = Ordering(services, redemption, splitting)
        refund_booking = RefundBooking(services, self.ledger, self.channels, redemption, splitting)
        self.refunding = Refunding(services, self.channels, redemption, splitting, refund_booking)
        self.booking = Booking(services, self.ledger, self.channels, self.refunding, redemption, splitting)
        self.till = Till(services, self.channels, password, redemption, self.booking)
        billers = {app_id: BillerFile(address) for app_id, address in services.settings.billers.items()}
        self.reconciling = Reconciling(services, self.channels, billers)
        self.channel_fees = ChannelFees(services.database, self.ledger)
        self.merchants = Register(services)
        self.merchant_fees = MerchantFees(services)
        self.settling = Settling(services, self.ledger, self.merchants, payouts or self._sandbox())
        self.resolving = Resolving(services, self.ledger, self.till)

    def _sandbox(self) -> Payouts | None:
        return SandboxPayouts(self.bank) if self.bank else None

    async def start(self) -> None:
        """Begin to take payments."""
        await self.ledger.start()
        await self.coupons.start()

    async def stop(self) -> None:
        """Write what is queued, then end."""
        await self.coupons.stop()
        await self.ledger.stop()
        self.press.close()

    async def wallet(self, resident_id: str) -> Balance:
        """What a resident has in the wallet."""
        async with self.services.database.transaction() as session:
            return await books.balance(session, wallet(resident_id))
