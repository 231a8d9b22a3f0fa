"""Alipay 支付宝 as a payment channel: page and wap payments, in the mode of the provider's public key."""

from yimen_alipay.channel import AlipayChannel
from yimen_alipay.merchant import Merchant
from yimen_alipay.provider import Provider
from yimen_host.core.extending import ExtensionContext
from yimen_host.payments.channels.channel import PaymentChannel
from yimen_sdk.hooks import hookimpl


@hookimpl
def yimen_payment_channels(context: ExtensionContext) -> list[PaymentChannel]:
    """Offer Alipay for the merchant that the operator set."""
    merchant = Merchant.of(context)
    return [AlipayChannel(merchant, Provider(merchant, context.now))]
