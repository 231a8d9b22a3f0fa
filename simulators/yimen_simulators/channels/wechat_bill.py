"""A day's bill 交易账单 of WeChat Pay: CSV whose every value begins with a backquote, and a summary at its end.

https://pay.weixin.qq.com/doc/v3/merchant/4013071229 (columns of bill type ALL).
"""

import datetime as dt
from collections.abc import Iterator

from yimen_simulators.channels.books import Refund, Trade
from yimen_simulators.channels.planting import planted
from yimen_simulators.channels.world import World

COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
RATE = 0.006


def bill(own: World, day: dt.date) -> bytes:
    """The bill, with the lines that are to be wrong."""
    trades, refunds = planted(own, "wechat", day)
    lines = [COLUMNS, *_lines(own, trades, refunds), SUMMARY, _row(len(trades) + len(refunds), *["0.00"] * 6)]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def fee(fen: int) -> int:
    """The provider's fee, in fen."""
    return round(fen * RATE)


def _lines(own: World, trades: list[Trade], refunds: list[tuple[Refund, Trade]]) -> Iterator[str]:
    about = (own.papers.wechat_appid, own.papers.mchid, "0", "")
    for paid in trades:
        who = (paid.number, paid.ref, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "NATIVE", "SUCCESS", "OTHERS", "CNY")
        amount = _yuan(paid.paid_fen)
        none = ("0.00", "0", "0", "0.00", "0.00", "", "")
        yield _row(
            paid.paid_at, *about, *who, amount, *none, _goods(paid.title), "", _fee(paid.paid_fen), "0.60%", amount,
            "0.00", "",
        )  # fmt: skip
    for back, paid in refunds:
        who = (paid.number, paid.ref, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "NATIVE", "REFUND", "OTHERS", "CNY")
        amount = _yuan(back.fen)
        given = ("0.00", "0.00", back.number, back.ref, amount, "0.00", "ORIGINAL", "SUCCESS")
        yield _row(
            back.at, *about, *who, *given, _goods(paid.title), "", f"-{_fee(back.fen)}", "0.60%", "0.00", amount, ""
        )


def _row(*values: object) -> str:
    return ",".join(f"`{value}" for value in values)


def _goods(title: str) -> str:
    return title.replace(",", " ")


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


def _fee(fen: int) -> str:
    return f"{_yuan(fee(fen))}000"
