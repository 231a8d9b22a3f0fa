"""A day's bill of Alipay: a zip that is fetched into a file, and its detail read line by line.

https://opendocs.alipay.com/open/3c9f1bcf_alipay.data.dataservice.bill.downloadurl.query. It has no hash; its end says
how many lines there are, which is compared.
"""

import csv
import datetime as dt
import io
import re
import tempfile
import urllib.request
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import IO

from yimen_alipay.provider import Provider
from yimen_host.payments.channels.channel import ChannelSilent, NoStatement, StatementLine
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

CHUNK = 1024 * 1024
MAX_PACKED, MAX_UNPACKED = 512 * 1024**2, 4 * 1024**3  # about ten million lines
IN_MEMORY = 8 * 1024 * 1024
SECONDS = 30.0
DETAIL = "业务明细查询"
TOTAL = re.compile(r"#(?:交易|退款)合计：(\d+)笔")
NONE = "isp.bill_not_exist"  # also for a day without any trade
KINDS = {"交易": "payment", "退款": "refund"}


@asynccontextmanager
async def download(provider: Provider, day: dt.date) -> AsyncIterator[IO[bytes]]:
    """Fetch the bill of a day. Raises ChannelSilent when it is not ready, NoStatement when there is said to be none."""
    method = "alipay.data.dataservice.bill.downloadurl.query"
    why, told = await provider.ask(method, {"bill_type": "trade", "bill_date": day.isoformat()})
    if why == NONE:
        raise NoStatement(f"Alipay has no bill of {day}: {why}")
    url = str(told.get("bill_download_url", ""))
    if why or not url.startswith(("https://", "http://")):
        raise ChannelSilent(f"Alipay has no bill of {day}: {why}")
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        await provider.calls.call(lambda: _fetch(url, file))
        yield file


def lines(file: IO[bytes], channel: str) -> Iterator[StatementLine]:
    """The lines, in the bill's order. Raises ChannelSilent for one that cannot be read, or when some are missing."""
    told, promised = 0, None
    try:
        with zipfile.ZipFile(file) as archive, archive.open(_detail(archive)) as raw:
            text = io.TextIOWrapper(raw, "gb18030", newline="")
            body = _Body(text)
            for row in csv.DictReader(body):
                told += 1
                yield _line(channel, {name: (value or "").strip() for name, value in row.items() if name})
            promised = body.promised
    except (zipfile.BadZipFile, KeyError, ValueError, InvalidOperation) as error:
        raise ChannelSilent(f"the bill cannot be read: {error}") from error
    if promised != told:
        raise ChannelSilent(f"the bill says that it has {promised} lines, and has {told}")


class _Body:
    """The lines between the remarks, and how many the remarks behind them promise."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.promised: int | None = None

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            if not line.startswith("#"):
                yield line
            elif found := TOTAL.match(line):
                self.promised = (self.promised or 0) + int(found[1])


def _fetch(url: str, file: IO[bytes]) -> None:
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - a web address, checked above
            while chunk := answer.read(CHUNK):
                if file.tell() + len(chunk) > MAX_PACKED:
                    raise ChannelSilent("the bill is too long")
                file.write(chunk)
    except OSError as error:
        raise ChannelSilent(f"Alipay does not hand out the bill: {error}") from error
    file.seek(0)


def _detail(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The file with the lines, known by its first words: the names inside are in an encoding that zip does not tell."""
    for info in archive.infolist():
        if info.file_size > MAX_UNPACKED:
            raise ChannelSilent("the bill is too long")
        with archive.open(info) as raw:
            if DETAIL in raw.read(200).decode("gb18030", "replace"):
                return info
    raise ChannelSilent("the bill has no detail")


def _line(channel: str, row: dict[str, str]) -> StatementLine:
    kind = KINDS[row["业务类型"]]
    at = dt.datetime.strptime(row["完成时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    ours = row["商户订单号"] if kind == "payment" else row["退款批次号/请求号"]
    amount, fee = Money(abs(_fen(row["订单金额（元）"]))), Money(abs(_fen(row["服务费（元）"])))
    if kind == "payment":
        return StatementLine(channel, row["支付宝交易号"], ours, "payment", amount, fee, at)
    return StatementLine(channel, row["支付宝交易号"], ours, "refund", amount, fee, at)


def _fen(written: str) -> int:
    return int((Decimal(written) * 100).quantize(Decimal(1), ROUND_HALF_UP))
