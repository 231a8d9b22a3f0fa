"""A channel whose extension is not loaded now: its old payments are not forgotten, and every question stays open."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping

from yimen_host.payments.channels.channel import (
    Ask,
    Capabilities,
    ChannelSilent,
    Notification,
    PaymentChannel,
    PaymentFact,
    RefundAsk,
    RefundFact,
    Reply,
    StatementLine,
    Step,
)
from yimen_host.payments.errors import NoticeRefused
from yimen_sdk.bilingual import Bilingual


class Absent:
    """Answers nothing, so what it was asked about stays uncertain until the extension is back."""

    capabilities = Capabilities(top_up=False, statement=False)

    def __init__(self, channel_id: str) -> None:
        self.id = channel_id
        self.title = Bilingual(zh=channel_id, en=channel_id)

    async def prepare(self, ask: Ask) -> Step:
        """See the class."""
        raise self._silent()

    async def query(self, attempt_id: str) -> PaymentFact:
        """See the class."""
        raise self._silent()

    async def close(self, attempt_id: str) -> PaymentFact:
        """See the class."""
        raise self._silent()

    async def refund(self, ask: RefundAsk) -> RefundFact:
        """See the class."""
        raise self._silent()

    async def query_refund(self, ask: RefundAsk) -> RefundFact:
        """See the class."""
        raise self._silent()

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        """Nobody can check a signature now; the sender tries again."""
        raise NoticeRefused(f"the channel {self.id} is not loaded")

    def reply(self, refused: str | None) -> Reply:
        """Ask the sender to try again."""
        return Reply(503, "not loaded")

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """See the class."""
        raise self._silent()
        yield

    def _silent(self) -> ChannelSilent:
        return ChannelSilent(f"the channel {self.id} is not loaded")


class Channels(dict[str, PaymentChannel]):
    """The channels by id; one that is not loaded is absent, and does not raise."""

    def __missing__(self, channel_id: str) -> PaymentChannel:
        return Absent(channel_id)
