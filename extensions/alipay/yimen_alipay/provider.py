"""Alipay's gateway, asked by the library ``python-alipay-sdk`` in threads of its own. Knows no facts and no states."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from alipay import AliPay
from alipay.utils import AliPayConfig

from yimen_alipay.merchant import Merchant
from yimen_host.payments.channels.blocking import BlockingCalls
from yimen_host.payments.channels.channel import ChannelSilent
from yimen_sdk.pages import CHINA

DONE, BUSINESS_FAILED = "10000", "40004"
TEMPORARY = ("ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error")
Content = Mapping[str, Any]


class Provider:
    """The gateway, as one merchant talks to it."""

    def __init__(self, merchant: Merchant, now: Callable[[], dt.datetime]) -> None:
        self.calls = BlockingCalls("alipay")
        self._server = merchant.server
        self._now = now
        self._library = AliPay(
            appid=merchant.appid,
            app_private_key_string=merchant.private_key,
            alipay_public_key_string=merchant.public_key,
            sign_type="RSA2",
            config=AliPayConfig(timeout=merchant.read_seconds),
        )
        self._library._gateway = merchant.server  # the library has no setting for it

    def address(self, method: str, content: Content, *, return_url: str, notify_url: str) -> str:
        """The signed address at which a payer pays."""
        signed = self._library.client_api(
            method, dict(content), return_url=return_url, notify_url=notify_url, timestamp=self._stamp()
        )
        return f"{self._server}?{signed}"

    async def ask(self, method: str, content: Content) -> tuple[str, Content]:
        """Ask, and verify what is answered: the word for why not (empty when done), and the content.

        Raises ChannelSilent also for an answer that nobody can have signed.
        """
        try:
            told: Content = await self.calls.call(
                lambda: self._library.server_api(method, dict(content), timestamp=self._stamp())
            )
        except ChannelSilent:
            raise
        except Exception as error:  # the library raises whatever urllib, json and its own checks do
            raise ChannelSilent(f"Alipay gave no answer we can trust: {type(error).__name__}") from error
        code, why = str(told.get("code", "")), str(told.get("sub_code", ""))
        if code == DONE:
            return "", told
        if code != BUSINESS_FAILED or why in TEMPORARY or not why:
            raise ChannelSilent(f"Alipay answered {code} {why}")
        return why, told

    def signed(self, values: Mapping[str, str], signature: str) -> bool:
        """Whether Alipay signed these values of a notice."""
        try:
            return bool(self._library.verify(dict(values), signature))
        except Exception:  # noqa: BLE001 - as above: a malformed notice must not become an error of ours
            return False

    def _stamp(self) -> str:
        # The library would write the machine's own time, and Alipay reads it as China's.
        return self._now().astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
