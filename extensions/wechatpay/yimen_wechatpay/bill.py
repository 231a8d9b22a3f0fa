"""A day's bill of WeChat Pay: fetched packed, checked against its hash, and read line by line.

https://pay.weixin.qq.com/doc/v3/merchant/4013071229 (columns), …/4013071231 (hash of what is unpacked).
"""

import csv
import datetime as dt
import gzip
import hashlib
import hmac
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from yimen_host.payments.channels.channel import ChannelSilent, NoStatement, StatementLine
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA
from yimen_wechatpay.provider import Provider

CHUNK = 1024 * 1024
MAX_BYTES = 4 * 1024**3  # unpacked: about ten million lines
SUMMARY = "总交易单数"
NONE = "NO_STATEMENT_EXIST"  # also for a day without any trade


@dataclass(frozen=True)
class Bill:
    """A bill as it was fetched: packed, so a million lines are some tens of megabytes."""

    packed: bytes
    sha1: str

    def check(self) -> None:
        """Compare the whole with its hash. Raises ChannelSilent."""
        digest, size = hashlib.sha1(usedforsecurity=False), 0
        try:
            with gzip.open(io.BytesIO(self.packed)) as unpacked:
                while chunk := unpacked.read(CHUNK):
                    size += len(chunk)
                    if size > MAX_BYTES:
                        raise ChannelSilent("the bill is too long")
                    digest.update(chunk)
        except (OSError, EOFError, zlib.error) as error:
            raise ChannelSilent("the bill cannot be unpacked") from error
        if not hmac.compare_digest(digest.hexdigest(), self.sha1.lower()):
            raise ChannelSilent("the bill does not have the hash that was told")

    def lines(self, channel: str) -> Iterator[StatementLine]:
        """The lines, in the bill's order. Raises ChannelSilent for one that cannot be read."""
        with gzip.open(io.BytesIO(self.packed), "rt", encoding="utf-8-sig", newline="") as unpacked:
            for row in csv.DictReader(unpacked):
                if row.get("交易时间") == SUMMARY:
                    return
                try:
                    yield _line(channel, {name: (value or "").lstrip("`") for name, value in row.items()})
                except (KeyError, ValueError, InvalidOperation) as error:
                    raise ChannelSilent(f"a line of the bill cannot be read: {error}") from error
        raise ChannelSilent("the bill ends without its summary")


async def download(provider: Provider, day: dt.date) -> Bill:
    """Fetch the bill of a day. Raises ChannelSilent when it is not ready, NoStatement when there is said to be none."""
    where = await provider.ask(lambda library: library.trade_bill(day.isoformat()))
    if where.code == NONE:
        raise NoStatement(f"WeChat Pay has no bill of {day}: {where.code}")
    if not where.done:
        raise ChannelSilent(f"WeChat Pay has no bill of {day}: {where.code}")
    url = str(where.content.get("download_url", ""))
    if where.content.get("hash_type") != "SHA1" or not provider.on_our_server(url):
        raise ChannelSilent("WeChat Pay names no bill that can be checked")
    file = await provider.ask(lambda library: library.download_bill(url))
    if not file.done:
        raise ChannelSilent(f"WeChat Pay does not hand out the bill: {file.status}")
    return Bill(file.file, str(where.content["hash_value"]))


def _line(channel: str, row: dict[str, str]) -> StatementLine:
    currency = row["货币种类"]
    at = dt.datetime.strptime(row["交易时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    fee = Money(abs(_fen(row["手续费"])), currency)
    if row["交易状态"] == "SUCCESS":
        amount = Money(_fen(row["订单金额"]), currency)
        return StatementLine(channel, row["微信订单号"], row["商户订单号"], "payment", amount, fee, at)
    if row["交易状态"] == "REFUND":
        amount = Money(_fen(row["申请退款金额"]), currency)
        return StatementLine(channel, row["微信退款单号"], row["商户退款单号"], "refund", amount, fee, at)
    raise ValueError(f"trade state {row['交易状态']!r}")


def _fen(written: str) -> int:
    return int((Decimal(written) * 100).quantize(Decimal(1), ROUND_HALF_UP))
