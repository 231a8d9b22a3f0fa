"""WeChat Pay's servers, asked by the library ``wechatpayv3`` in threads of its own. Knows no facts and no states."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wechatpayv3 import WeChatPay, WeChatPayType

from yimen_host.payments.channels.blocking import BlockingCalls
from yimen_host.payments.channels.channel import ChannelSilent
from yimen_wechatpay.merchant import Merchant

CONNECT_SECONDS = 3.0
BUSY = 429


@dataclass(frozen=True)
class Answer:
    """A verified answer: its status and its JSON object, or the bytes of a file."""

    status: int
    content: Mapping[str, Any] = field(default_factory=dict)
    file: bytes = b""

    @property
    def done(self) -> bool:
        """Whether the provider did what it was asked to."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The provider's word for why it refused."""
        return str(self.content.get("code", ""))


class Provider:
    """The provider, as one merchant talks to it."""

    def __init__(self, merchant: Merchant) -> None:
        self.calls = BlockingCalls("wechatpay")
        self._server = merchant.server
        self._library = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=merchant.mchid,
            private_key=merchant.private_key,
            cert_serial_no=merchant.serial,
            appid=merchant.appid,
            apiv3_key=merchant.apiv3_key,
            public_key=merchant.public_key,
            public_key_id=merchant.public_key_id,
            timeout=(CONNECT_SECONDS, merchant.read_seconds),
        )
        self._library._core._gate_way = merchant.server  # the library has no setting for it

    async def ask(self, question: Callable[[WeChatPay], tuple[int, str | bytes]]) -> Answer:
        """Ask, and verify what is answered. Raises ChannelSilent also for an answer that nobody can have signed."""
        try:
            status, content = await self.calls.call(lambda: question(self._library))
        except ChannelSilent:
            raise
        except Exception as error:  # the library raises Exception itself, for a wrong signature among other things
            raise ChannelSilent(f"WeChat Pay gave no answer we can trust: {error}") from error
        if status >= 500 or status == BUSY:
            raise ChannelSilent(f"WeChat Pay answered {status}")
        return _read(status, content)

    def on_our_server(self, url: str) -> bool:
        """Whether an address is one the library may sign a request to."""
        return url.startswith(f"{self._server}/")

    def open_notice(self, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any] | None:
        """A notice, verified and decrypted, or None. The caller has checked whose key it names, and its age."""
        try:
            opened: Mapping[str, Any] | None = self._library.callback(dict(headers), body)
        except Exception:  # noqa: BLE001 - as above: a malformed notice must not become an error of ours
            return None
        return opened


def _read(status: int, content: str | bytes) -> Answer:
    if isinstance(content, bytes):
        return Answer(status, file=content)
    try:
        read = json.loads(content) if content else {}
    except ValueError as error:
        raise ChannelSilent("WeChat Pay's answer is no JSON") from error
    return Answer(status, read if isinstance(read, dict) else {})
