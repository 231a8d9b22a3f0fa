"""WeChat Pay 微信支付 as a payment channel: APIv3, a direct merchant, in the mode of the provider's public key."""

from yimen_host.core.extending import ExtensionContext
from yimen_host.payments.channels.channel import PaymentChannel
from yimen_sdk.hooks import hookimpl
from yimen_wechatpay.channel import WeChatPayChannel
from yimen_wechatpay.merchant import Merchant
from yimen_wechatpay.provider import Provider


@hookimpl
def yimen_payment_channels(context: ExtensionContext) -> list[PaymentChannel]:
    """Offer WeChat Pay for the merchant that the operator set."""
    merchant = Merchant.of(context)
    return [WeChatPayChannel(merchant, Provider(merchant))]
