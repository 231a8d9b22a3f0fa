"""A day's bill of Alipay: a zip of two CSV files in GBK, with remarks, tabs behind values, and a summary.

https://opendocs.alipay.com/open/3c9f1bcf_alipay.data.dataservice.bill.downloadurl.query (bill type trade).
"""

import datetime as dt
import io
import zipfile

from yimen_simulators.channels.books import Refund, Trade
from yimen_simulators.channels.planting import planted
from yimen_simulators.channels.world import World

COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
RATE = 0.006
PAYER = "*秀英(186****0001)"


def packed(own: World, day: dt.date) -> bytes:
    """The zip, with the lines that are to be wrong."""
    trades, refunds = planted(own, "alipay", day)
    seller = own.papers.seller_id
    head = [
        "#支付宝业务明细查询",
        f"#账号：[{seller}0156]",
        f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------",
    ]
    foot = [
        "#-----------------------------------------业务明细列表结束------------------------------------",
        f"#交易合计：{len(trades)}笔，商家实收共{_yuan(sum(trade.paid_fen for trade in trades))}元",
        f"#退款合计：{len(refunds)}笔，商家实收退款共-{_yuan(sum(back.fen for back, _ in refunds))}元",
    ]
    lines = [_paid(trade) for trade in trades] + [_back(back, trade) for back, trade in refunds]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        name = f"{seller}0156_{day:%Y%m%d}_业务明细"
        archive.writestr(f"{name}.csv", "\r\n".join([*head, COLUMNS, *lines, *foot, ""]).encode("gbk"))
        archive.writestr(f"{name}(汇总).csv", "\r\n".join(["#支付宝业务汇总查询", ""]).encode("gbk"))
    return made.getvalue()


def fee(fen: int) -> int:
    """The provider's fee, in fen."""
    return round(fen * RATE)


def _paid(trade: Trade) -> str:
    amount, zero = _yuan(trade.paid_fen), "0.00"
    return _row(
        trade.number, trade.ref, "交易", _goods(trade.title), trade.made_at, trade.paid_at, "", "", "", "", PAYER,
        amount, amount, zero, zero, zero, zero, zero, "", zero, zero, "", f"-{_yuan(fee(trade.paid_fen))}", zero, "",
    )  # fmt: skip


def _back(back: Refund, trade: Trade) -> str:
    amount, zero = f"-{_yuan(back.fen)}", "0.00"
    return _row(
        trade.number, trade.ref, "退款", _goods(trade.title), back.at, back.at, "", "", "", "", PAYER,
        amount, amount, zero, zero, zero, zero, zero, "", zero, zero, back.ref, _yuan(fee(back.fen)), zero, "",
    )  # fmt: skip


def _row(*values: str) -> str:
    return ",".join(f"{value}\t" for value in values)


def _goods(title: str) -> str:
    return title.replace(",", " ").encode("gbk", "replace").decode("gbk")


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
