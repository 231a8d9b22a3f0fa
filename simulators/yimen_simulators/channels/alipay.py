"""Alipay's open gateway for one merchant: page and wap payments, query, close, refunds, daily bills, notices."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from yimen_simulators.channels import alipay_bill, alipay_wire
from yimen_simulators.channels.books import CHINA, Trade
from yimen_simulators.channels.faulty import carried_out
from yimen_simulators.channels.keys import KeyPair
from yimen_simulators.channels.notice import Notice, Sending
from yimen_simulators.channels.planting import is_quiet
from yimen_simulators.channels.world import World

STATES = {"waiting": "WAIT_BUYER_PAY", "paid": "TRADE_SUCCESS", "closed": "TRADE_CLOSED", "declined": "TRADE_CLOSED"}
IMPOSTOR = KeyPair.make()
Content = dict[str, Any]


async def gateway(request: Request) -> Response:
    """The one address of every method: in the query, in the form, or in both."""
    own: World = request.app.state.world
    if own.faults.down:
        return Response("down", 503)
    form = await request.form() if request.method == "POST" else {}
    values = {**dict(request.query_params), **{name: str(value) for name, value in form.items()}}
    method = values.get("method", "")
    if not alipay_wire.authorized(own.papers, values):
        invalid = {
            "code": "40002",
            "msg": "Invalid Arguments",
            "sub_code": "isv.invalid-signature",
            "sub_msg": "验签出错",
        }
        return _answer(own, method, invalid)
    asked = json.loads(values.get("biz_content", "{}"))
    if method in ("alipay.trade.page.pay", "alipay.trade.wap.pay"):
        made = own.books.expect(
            "alipay",
            asked["out_trade_no"],
            asked["subject"],
            _fen(asked["total_amount"]),
            values["notify_url"],
            values.get("return_url", ""),
        )
        return RedirectResponse(f"/pay/{made.number}", 303)
    work = METHODS.get(method)
    if work is None:
        return _answer(own, method, _failed("ACQ.INVALID_PARAMETER", "40004"))
    if own.faults.errors:
        return _answer(own, method, _failed(own.faults.errors.pop(0)))
    content = await carried_out(own.faults, lambda: work(own, asked))
    return _answer(own, method, content)


def query(own: World, asked: Mapping[str, str]) -> Content:
    """Tell what became of a payment; one that its payer never opened is not known."""
    found = own.books.trade("alipay", asked["out_trade_no"])
    return {**DONE, **_told(own, found)} if found else _failed("ACQ.TRADE_NOT_EXIST")


def close(own: World, asked: Mapping[str, str]) -> Content:
    """Expect a payment no longer."""
    found = own.books.trade("alipay", asked["out_trade_no"])
    if found is None:
        return _failed("ACQ.TRADE_NOT_EXIST")
    if found.state == "paid":
        return _failed("ACQ.REASON_TRADE_STATUS_INVALID")
    own.books.end("alipay", found.ref, "closed")
    return {**DONE, "out_trade_no": found.ref, "trade_no": found.number}


def refund(own: World, asked: Mapping[str, str]) -> Content:
    """Give money back, once for each request number."""
    paid = own.books.trade("alipay", asked["out_trade_no"])
    if paid is None:
        return _failed("ACQ.TRADE_NOT_EXIST")
    ref, fen = asked["out_request_no"], _fen(asked["refund_amount"])
    before = own.books.refund("alipay", ref)
    made = before or own.books.give_back("alipay", ref, paid.ref, fen)
    if made is None:
        return _failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
    if (made.trade_ref, made.fen) != (paid.ref, fen):
        return _failed("ACQ.DISCORDANT_REPEAT_REQUEST")
    given = own.books.given_back("alipay", paid.ref)
    about = {"out_trade_no": paid.ref, "trade_no": paid.number, "refund_fee": _yuan(given)}
    return {**DONE, **about, "fund_change": "N" if before else "Y"}


def query_refund(own: World, asked: Mapping[str, str]) -> Content:
    """Tell what became of a refund; without a status it was not made."""
    found = own.books.refund("alipay", asked["out_request_no"])
    if found is None or found.trade_ref != asked["out_trade_no"]:
        return dict(DONE)
    about = {"out_trade_no": found.trade_ref, "out_request_no": found.ref, "refund_amount": _yuan(found.fen)}
    return {**DONE, **about, "refund_status": "REFUND_SUCCESS"}


def bill(own: World, asked: Mapping[str, str]) -> Content:
    """Tell where a day's bill is."""
    day = dt.date.fromisoformat(asked["bill_date"])
    if day >= own.books.now().astimezone(CHINA).date() or is_quiet(own, "alipay", day):
        return _failed("isp.bill_not_exist")
    return {**DONE, "bill_download_url": f"{own.origin}/alipay-bill?day={day}"}


async def bill_file(request: Request) -> Response:
    """The bill itself, packed."""
    packed = alipay_bill.packed(request.app.state.world, dt.date.fromisoformat(request.query_params["day"]))
    return Response(packed, media_type="application/zip")


def notice(own: World, trade: Trade, sending: Sending) -> Notice:
    """The notice about a payment."""
    at = sending.at.astimezone(CHINA)
    told = _told(own, trade)
    if sending.fen is not None:
        told["total_amount"] = _yuan(sending.fen)
    values = {
        "notify_time": f"{at:%Y-%m-%d %H:%M:%S}",
        "notify_type": "trade_status_sync",
        "notify_id": f"{trade.number}{trade.state}",
        "app_id": own.papers.alipay_appid,
        "seller_id": own.papers.seller_id,
        "charset": "utf-8",
        "version": "1.0",
        "subject": trade.title,
        **told,
    }
    body = alipay_wire.form(IMPOSTOR if sending.forged else own.papers.alipay, values)
    return Notice(trade.notify_url, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, body)


def _told(own: World, trade: Trade) -> dict[str, str]:
    whole = own.books.given_back("alipay", trade.ref) == trade.paid_fen > 0
    return {
        "out_trade_no": trade.ref,
        "trade_no": trade.number,
        "trade_status": "TRADE_CLOSED" if whole else STATES[trade.state],
        "total_amount": _yuan(trade.paid_fen or trade.fen),
    }


DONE = {"code": "10000", "msg": "Success"}
METHODS: dict[str, Callable[[World, Mapping[str, str]], Content]] = {
    "alipay.trade.query": query,
    "alipay.trade.close": close,
    "alipay.trade.refund": refund,
    "alipay.trade.fastpay.refund.query": query_refund,
    "alipay.data.dataservice.bill.downloadurl.query": bill,
}


def _answer(own: World, method: str, content: Content) -> Response:
    key = IMPOSTOR if own.faults.forged_answers else own.papers.alipay
    return PlainTextResponse(alipay_wire.answer(key, method, content), media_type="application/json")


def _failed(sub_code: str, code: str = "40004") -> Content:
    return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": sub_code}


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


def _fen(written: str) -> int:
    whole, _, part = str(written).partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


routes = [
    Route("/gateway.do", gateway, methods=["GET", "POST"]),
    Route("/alipay-bill", bill_file),
]
