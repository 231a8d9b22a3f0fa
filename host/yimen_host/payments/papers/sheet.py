"""Says a receipt in a person's language, as the facts that the press sets in type (``papers/receipt.typ``)."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from yimen_host.payments.papers.capitals import capitals
from yimen_host.payments.papers.receipt import Paper, Receipt, RedReceipt
from yimen_host.payments.scanning import picture
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

Say = Callable[[str], str]


@dataclass(frozen=True)
class Check:
    """How whoever holds the paper has it checked: an address to scan, the same to type, and the code."""

    link: str
    address: str
    code: str


def sheet(paper: Paper, check: Check, *, language: str, say: Say) -> dict[str, Any]:  # Any: the template's facts
    """The facts of a receipt's sheet."""
    red = isinstance(paper, RedReceipt)
    rows = _red_rows(paper, language, say) if isinstance(paper, RedReceipt) else _rows(paper, language, say)
    return {
        "language": language,
        "red": red,
        "house": say("一门"),
        "title": say("红字收据") if red else say("收款收据"),
        "number": [say("收据号"), paper.number],
        "issued": [say("开具日期"), day(paper.issued_at)],
        "rows": [[label, value] for label, value in rows if value],
        "amount": {
            "label": say("金额"),
            "figures": figures(paper.amount),
            "capitals": capitals(paper.amount) if paper.amount.currency == "CNY" else "",
        },
        "standing": "" if isinstance(paper, RedReceipt) else _standing(paper, say),
        "refunds": None if isinstance(paper, RedReceipt) else _refunds(paper, say),
        "check": {
            "drawing": picture(check.link).decode(),
            "title": say("扫码核验真伪"),
            "how": say("或在下面的网址输入收据号和核验码"),
            "address": check.address,
            "code": check.code,
        },
        "notes": [
            say("本收据证明平台收到或退回了这笔款项，不是税务发票。"),
            say("核验页上的内容与纸面不符时，以核验页为准。"),
        ],
        "unseen": say("〔U+…〕是字库中没有的字，括号中是它的统一码编号。"),
    }


def figures(amount: Money) -> str:
    """An amount as it is written in figures."""
    sign, size = ("-" if amount.fen < 0 else ""), Money(abs(amount.fen), amount.currency)
    return f"{sign}¥{size}" if amount.currency == "CNY" else f"{sign}{size} {amount.currency}"


def moment(at: dt.datetime) -> str:
    """A moment in China, to the second."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def day(at: dt.datetime) -> str:
    """A day in China."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d")


def _rows(receipt: Receipt, language: str, say: Say) -> list[tuple[str, str]]:
    words = say if receipt.platform else str
    by_coupons = [(say("消费券抵扣"), f"{figures(amount)}　{title}") for title, amount in receipt.coupons]
    return [
        (say("付款人"), receipt.payer),
        (say("代谁缴费"), receipt.for_whom or ""),
        (say("收款方"), _payee(receipt, words)),
        (say("项目"), words(receipt.title)),
        *by_coupons,
        (say("付款人实付"), figures(receipt.paid) if by_coupons else ""),
        (say("付款方式"), receipt.channel.in_(language)),
        (say("付款时间"), moment(receipt.paid_at)),
        (say("渠道交易号"), receipt.reference),
        (say("订单号"), receipt.order_id),
    ]


def _red_rows(red: RedReceipt, language: str, say: Say) -> list[tuple[str, str]]:
    original = red.original
    words = say if original.platform else str
    return [
        (say("冲销收据号"), original.number),
        (say("原收据金额"), figures(original.amount)),
        (say("收款人（原付款人）"), original.payer),
        (say("代谁缴费"), original.for_whom or ""),
        (say("退款方（原收款方）"), _payee(original, words)),
        (say("项目"), words(original.title)),
        (say("退款原因"), red.refund.reason),
        (say("退回方式"), original.channel.in_(language)),
        (say("退款时间"), moment(red.refund.at)),
        (say("退款号"), red.refund.refund_id),
    ]


def _payee(receipt: Receipt, words: Say) -> str:
    payee, publisher = words(receipt.payee), words(receipt.publisher)
    return payee if payee == publisher else f"{publisher}（{payee}）"


def _standing(receipt: Receipt, say: Say) -> str:
    if not receipt.refunded:
        return ""
    return say("已全部退款") if receipt.refunded == receipt.amount else say("已部分退款")


def _refunds(receipt: Receipt, say: Say) -> dict[str, Any] | None:  # Any: as above
    if not receipt.refunds:
        return None
    return {
        "title": say("截至打印时的退款"),
        "head": [say("红字收据号"), say("退款时间"), say("金额")],
        "rows": [[one.number, moment(one.at), figures(one.amount)] for one in receipt.refunds],
        "total": [say("合计退回"), figures(receipt.refunded)],
    }
