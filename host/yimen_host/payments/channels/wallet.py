"""The wallet 钱包 as a channel: the money is in our own ledger, so the core draws on it and there is nobody to ask."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping

from yimen_host.payments.channels.channel import (
    Ask,
    Capabilities,
    Notification,
    NotPaid,
    Ready,
    RefundAsk,
    Reply,
    Returned,
    StatementLine,
)
from yimen_host.payments.errors import NoticeRefused
from yimen_sdk.bilingual import Bilingual


class Wallet:
    """Pays from a resident's stored value."""

    id = "wallet"
    title = Bilingual(zh="钱包余额", en="Wallet balance")
    capabilities = Capabilities(internal=True, top_up=False, statement=False)

    async def prepare(self, ask: Ask) -> Ready:
        """Nothing to prepare."""
        return Ready()

    async def query(self, attempt_id: str) -> NotPaid:
        """An attempt that is still unfinished drew nothing: drawing and finishing are one commit."""
        return NotPaid("abandoned")

    async def close(self, attempt_id: str) -> NotPaid:
        """See ``query``."""
        return NotPaid("abandoned")

    async def refund(self, ask: RefundAsk) -> Returned:
        """The posting is the refund."""
        return Returned()

    async def query_refund(self, ask: RefundAsk) -> Returned:
        """See ``refund``."""
        return Returned()

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        """Nobody outside can speak for the ledger."""
        raise NoticeRefused("the wallet sends no notices")

    def reply(self, refused: str | None) -> Reply:
        """Nobody is answered."""
        return Reply(401)

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """There is no other side to compare with."""
        return
        yield
