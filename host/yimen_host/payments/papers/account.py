"""Says a monthly statement in a person's language, as the facts that ``papers/statement.typ`` sets in type."""

from collections.abc import Mapping
from typing import Any

from yimen_host.payments.papers.sheet import Say, day, figures, moment
from yimen_host.payments.statements import Statement

MAX_PRINTED = 1_000  # lines: some thirty pages, set in half a second


def account_sheet(
    statement: Statement, titles: Mapping[str, str], *, holder: str, language: str, say: Say
) -> dict[str, Any]:  # Any: the template's facts
    """The facts of a statement's sheets, oldest line first."""
    return {
        "language": language,
        "house": say("一门"),
        "title": say("钱包月账单"),
        "month": str(statement.month),
        "holder": [say("户名"), holder],
        "span": [say("期间"), f"{day(statement.month.begin)} — {day(statement.month.last)}"],
        "sums": [
            [say("期初余额"), figures(statement.opening)],
            [say("收入"), figures(statement.came)],
            [say("支出"), figures(statement.went)],
            [say("期末余额"), figures(statement.closing)],
        ],
        "head": [say("时间"), say("项目"), say("订单号"), say("金额"), say("余额")],
        "rows": [
            [
                moment(line.at),
                say(titles[line.about]) if line.about in titles else say("平台赠送"),
                line.about if line.about in titles else "",
                figures(line.amount),
                figures(line.balance),
            ]
            for line in statement.lines
        ],
        "none": say("这个月没有明细。"),
        "notes": [
            say("期末余额等于期初余额加上各笔金额。"),
            say("本账单只列钱包的收支，不含直接由银行或第三方支付的款项。"),
        ],
        "unseen": say("〔U+…〕是字库中没有的字，括号中是它的统一码编号。"),
    }
