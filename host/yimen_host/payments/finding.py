"""Reads what somebody typed to find orders: words, a month, a state, a payee. Touches no database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from yimen_host.core.errors import Invalid
from yimen_host.payments.orders import OrderState
from yimen_host.payments.statements import Month, read_month
from yimen_host.payments.store.search import Search

MAX_TYPED = 100
MAX_WORDS = 5
STATES: Mapping[str, tuple[OrderState, ...]] = {
    "open": (OrderState.OPEN,),
    "paid": (OrderState.PAID, OrderState.FULFILLED, OrderState.CLOSED),
    "refunded": (OrderState.PARTIALLY_REFUNDED, OrderState.REFUNDED),
    "ended": (OrderState.CANCELLED, OrderState.EXPIRED),
}
"""The states as people ask for them."""
STATE_WORDS = {"open": "待付款", "paid": "已付款", "refunded": "有退款", "ended": "已取消或过期"}


@dataclass(frozen=True)
class Finding:
    """What was typed, to be shown again, and the search that it means. ``fault`` says what could not be read."""

    typed: Mapping[str, str]
    search: Search
    fault: str | None = None

    @property
    def narrowed(self) -> bool:
        """Whether anything was asked for."""
        return any(self.typed.values())

    def onward(self, last: str) -> str:
        """The query of the next page, which begins after this order."""
        return urlencode({**{name: value for name, value in self.typed.items() if value}, "before": last})


def read_finding(query: Mapping[str, str]) -> Finding:
    """Read the query of a list's address. What cannot be read is told, and does not narrow."""
    typed = {name: query.get(name, "").strip()[:MAX_TYPED] for name in ("words", "month", "state", "payee")}
    search, fault = Search(newest_first=True), None
    search = replace(search, words=tuple(typed["words"].split()[:MAX_WORDS]), payee=typed["payee"] or None)
    if typed["state"] in STATES:
        search = replace(search, states=STATES[typed["state"]])
    try:
        month: Month | None = read_month(typed["month"]) if typed["month"] else None
    except Invalid:
        month, fault = None, "月份写作 2026-11"
    if month is not None:
        search = replace(search, created_from=month.begin, until=month.end)
    return Finding(typed, search, fault)
