"""The far sides of the host's own channels and of the two extensions, as the conformance suite moves them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
from tests.host.served import serving

from yimen_alipay.channel import AlipayChannel
from yimen_alipay.merchant import Merchant as AlipayMerchant
from yimen_alipay.provider import Provider as AlipayProvider
from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.payments.channels.channel import PaymentChannel
from yimen_host.payments.channels.sandbox_bank.bank import Bank, BankState
from yimen_host.payments.channels.sandbox_bank.channel import SandboxBank
from yimen_host.payments.channels.sandbox_bank.models import BankPaymentRow
from yimen_host.payments.models import AttemptRow
from yimen_host.testing.channels import Notice
from yimen_sdk.money import Money
from yimen_simulators.channels import sending
from yimen_simulators.channels.books import Books, Trade
from yimen_simulators.channels.notice import Sending
from yimen_simulators.channels.papers import Papers
from yimen_simulators.channels.service import create_channels
from yimen_simulators.channels.world import World
from yimen_wechatpay.channel import WeChatPayChannel
from yimen_wechatpay.merchant import Merchant as WeChatMerchant
from yimen_wechatpay.provider import Provider as WeChatProvider

PAPERS = Papers.make()


@dataclass
class Simulated:
    """WeChat Pay or Alipay in the simulator; a browser opens what the payer would open."""

    world: World
    provider: str

    async def pay(self, attempt: AttemptRow, amount: Money) -> None:
        await self._open(attempt)
        assert self.world.books.pay(self.provider, attempt.id, amount.fen, even_if_closed=True)

    async def decline(self, attempt: AttemptRow) -> None:
        await self._open(attempt)
        assert self.world.books.end(self.provider, attempt.id, "declined")

    async def notice(self, attempt: AttemptRow, *, forged: bool = False) -> Notice:
        trade = self.world.books.trade(self.provider, attempt.id)
        assert trade is not None
        return self._notice(trade, forged=forged)

    async def strange_notice(self) -> Notice:
        trade = self.world.books.expect(self.provider, "att_of_somebody_else", "?", 800, "http://else.test")
        return self._notice(replace(trade, state="paid", paid_fen=800, paid_at="2026-11-21 16:00:00"))

    async def silence(self, silent: bool) -> None:
        self.world.faults.down = silent

    async def given_back(self, attempt: AttemptRow) -> Money:
        return Money(self.world.books.given_back(self.provider, attempt.id))

    def _notice(self, trade: Trade, *, forged: bool = False) -> Notice:
        made = sending.notice(self.world, trade, Sending(self.world.books.now(), forged=forged))
        return Notice(made.headers, made.body)

    async def _open(self, attempt: AttemptRow) -> None:
        if address := attempt.pay_url or attempt.scan:
            async with httpx.AsyncClient(follow_redirects=True) as browser:
                page = await browser.get(address)
            assert page.status_code == 200, page.text


@dataclass
class SandboxOutside:
    """The pretend bank, which can be made to pay what it should not."""

    bank: Bank
    clock: ManualClock

    async def pay(self, attempt: AttemptRow, amount: Money) -> None:
        await self._set(attempt, state=BankState.PAID, amount_fen=amount.fen, ended_at=self.clock.now())

    async def decline(self, attempt: AttemptRow) -> None:
        await self._set(attempt, state=BankState.DECLINED)

    async def notice(self, attempt: AttemptRow, *, forged: bool = False) -> Notice:
        return self._signed(await self._row(attempt), forged=forged)

    async def strange_notice(self) -> Notice:
        row = BankPaymentRow(
            id="bank_x", merchant_ref="att_x", title="?", payee="?", amount_fen=800, currency="CNY", state="paid",
            return_url="/", created_at=self.clock.now(),
        )  # fmt: skip
        return self._signed(row)

    async def silence(self, silent: bool) -> None:
        self.bank.silent = silent

    async def given_back(self, attempt: AttemptRow) -> Money:
        day = self.clock.now().replace(hour=0)
        lines = await self.bank.lines(day, day.replace(hour=23))
        payment = await self._row(attempt)
        return Money(sum(line.amount.fen for line in lines if line.refund and line.number == payment.id))

    def _signed(self, row: BankPaymentRow, *, forged: bool = False) -> Notice:
        right, self.bank.secret = self.bank.secret, "another secret" if forged else self.bank.secret
        made = self.bank.notice(row)
        self.bank.secret = right
        return Notice(made.headers, made.body)

    async def _row(self, attempt: AttemptRow) -> BankPaymentRow:
        assert attempt.channel_ref is not None
        row = await self.bank.payment(attempt.channel_ref)
        assert row is not None
        return row

    async def _set(self, attempt: AttemptRow, **values: object) -> None:
        async with self.bank.services.database.transaction() as session:
            row = await session.get(BankPaymentRow, attempt.channel_ref)
            assert row is not None
            for name, value in values.items():
                setattr(row, name, value)


@asynccontextmanager
async def simulated(services: Services, provider: str) -> AsyncIterator[tuple[PaymentChannel, Simulated]]:
    """An extension's channel, talking to the simulator over HTTP."""
    world = World(Books(":memory:", services.clock.now), PAPERS, "")
    async with serving(create_channels(world)) as origin:
        world.origin = origin
        channel = wechatpay(origin) if provider == "wechat" else alipay(services, origin)
        yield channel, Simulated(world, provider)


def wechatpay(origin: str, read_seconds: float = 8.0) -> WeChatPayChannel:
    """WeChat Pay for the simulator's merchant."""
    merchant = WeChatMerchant(
        mchid=PAPERS.mchid,
        appid=PAPERS.wechat_appid,
        serial=PAPERS.merchant_serial,
        private_key=PAPERS.wechat_merchant.private_pem,
        apiv3_key=PAPERS.apiv3_key,
        public_key=PAPERS.wechat.public_pem,
        public_key_id=PAPERS.public_key_id,
        server=origin,
        read_seconds=read_seconds,
    )
    return WeChatPayChannel(merchant, WeChatProvider(merchant))


def alipay(services: Services, origin: str, read_seconds: float = 8.0) -> AlipayChannel:
    """Alipay for the simulator's merchant."""
    merchant = AlipayMerchant(
        appid=PAPERS.alipay_appid,
        seller_id=PAPERS.seller_id,
        private_key=PAPERS.alipay_merchant.private_pem,
        public_key=PAPERS.alipay.public_pem,
        server=f"{origin}/gateway.do",
        read_seconds=read_seconds,
    )
    return AlipayChannel(merchant, AlipayProvider(merchant, services.clock.now))


@asynccontextmanager
async def sandbox(services: Services) -> AsyncIterator[tuple[PaymentChannel, SandboxOutside]]:
    """The pretend bank."""
    bank = Bank(services)
    assert isinstance(services.clock, ManualClock)
    yield SandboxBank(bank), SandboxOutside(bank, services.clock)
