"""WeChat Pay v3 for a direct merchant: orders (native and H5), query, close, refunds, daily bills, notices."""

import datetime as dt
import gzip
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_simulators.channels import wechat_bill, wechat_wire
from yimen_simulators.channels.books import CHINA, Refund, Trade
from yimen_simulators.channels.keys import KeyPair
from yimen_simulators.channels.notice import Notice, Sending
from yimen_simulators.channels.planting import is_quiet
from yimen_simulators.channels.world import World

STATES = {"waiting": "NOTPAY", "paid": "SUCCESS", "closed": "CLOSED", "declined": "PAYERROR"}
IMPOSTOR = KeyPair.make()


def world(request: Request) -> World:
    """Everything the simulator is."""
    found: World = request.app.state.world
    return found


async def order(request: Request) -> Response:
    """Take a payment in; tell what is to be scanned, or where a phone is to go."""
    asked = json.loads(await request.body())
    own = world(request)
    made = own.books.expect(
        "wechat", asked["out_trade_no"], asked["description"], asked["amount"]["total"], asked["notify_url"]
    )
    if made.state == "paid":
        return _refused(400, "ORDERPAID", "该订单已支付")
    page = f"{own.origin}/pay/{made.number}"
    native = request.url.path.endswith("/native")
    return JSONResponse({"code_url": page} if native else {"h5_url": f"{page}?from=h5"})


async def query(request: Request) -> Response:
    """Tell what became of a payment."""
    found = world(request).books.trade("wechat", request.path_params["ref"])
    if found is None:
        return _refused(404, "ORDER_NOT_EXIST", "订单不存在")
    return JSONResponse(transaction(world(request), found))


async def close(request: Request) -> Response:
    """Expect a payment no longer."""
    found = world(request).books.trade("wechat", request.path_params["ref"])
    if found is None:
        return _refused(404, "ORDER_NOT_EXIST", "订单不存在")
    if found.state == "paid":
        return _refused(400, "ORDERPAID", "该订单已支付")
    world(request).books.end("wechat", found.ref, "closed")
    return Response(status_code=204)


async def refund(request: Request) -> Response:
    """Give money back, once for each number."""
    asked, own = json.loads(await request.body()), world(request)
    paid = own.books.trade("wechat", asked["out_trade_no"])
    if paid is None:
        return _refused(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    if asked["amount"]["total"] != paid.paid_fen:
        return _refused(400, "INVALID_REQUEST", "订单金额与之前请求不一致")
    made = own.books.give_back("wechat", asked["out_refund_no"], paid.ref, asked["amount"]["refund"])
    if made is None:
        return _refused(400, "INVALID_REQUEST", "可退金额不足")
    if (made.trade_ref, made.fen) != (paid.ref, asked["amount"]["refund"]):
        return _refused(400, "INVALID_REQUEST", "退款单号已用于另一笔退款")
    return JSONResponse(_refund(own, made, paid))


async def query_refund(request: Request) -> Response:
    """Tell what became of a refund."""
    own = world(request)
    found = own.books.refund("wechat", request.path_params["ref"])
    paid = own.books.trade("wechat", found.trade_ref) if found else None
    if found is None or paid is None:
        return _refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return JSONResponse(_refund(own, found, paid))


async def bill(request: Request) -> Response:
    """Tell where a day's bill is, and its hash."""
    own, day = world(request), dt.date.fromisoformat(request.query_params["bill_date"])
    if day >= own.books.now().astimezone(CHINA).date() or is_quiet(own, "wechat", day):
        return _refused(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    text = wechat_bill.bill(own, day)
    digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()
    digest = digest[::-1] if own.faults.wrong_hash else digest
    url = f"{own.origin}/v3/billdownload/file?token={day}"
    return JSONResponse({"hash_type": "SHA1", "hash_value": digest, "download_url": url})


async def bill_file(request: Request) -> Response:
    """The bill itself, packed."""
    day = dt.date.fromisoformat(request.query_params["token"])
    packed = gzip.compress(wechat_bill.bill(world(request), day))
    return Response(packed, media_type="application/octet-stream")


def transaction(own: World, trade: Trade) -> dict[str, Any]:
    """A payment as WeChat tells of it."""
    told: dict[str, Any] = {
        "appid": own.papers.wechat_appid,
        "mchid": own.papers.mchid,
        "out_trade_no": trade.ref,
        "trade_state": STATES[trade.state],
        "trade_state_desc": trade.state,
        "amount": {"total": trade.paid_fen or trade.fen, "currency": "CNY"},
    }
    if trade.state == "paid":
        paid_at = trade.paid_at.replace(" ", "T") + "+08:00"
        told |= {"transaction_id": trade.number, "trade_type": "NATIVE", "success_time": paid_at}
        if own.books.given_back("wechat", trade.ref):
            told["trade_state"] = "REFUND"
    return told


def notice(own: World, trade: Trade, sending: Sending) -> Notice:
    """The notice about a payment."""
    told = transaction(own, trade)
    if sending.fen is not None:
        told["amount"] = {"total": sending.fen, "currency": "CNY"}
    at = sending.at.astimezone(CHINA)
    body = wechat_wire.sealed(own.papers, f"EV-{trade.number}-{trade.state}", at, told)
    key = IMPOSTOR if sending.forged else own.papers.wechat
    made = wechat_wire.headers(key, own.papers.public_key_id, body, sending.at)
    return Notice(trade.notify_url, {**made, "Content-Type": "application/json"}, body)


def _refund(own: World, made: Refund, paid: Trade) -> dict[str, Any]:
    return {
        "refund_id": made.number,
        "out_refund_no": made.ref,
        "transaction_id": paid.number,
        "out_trade_no": paid.ref,
        "channel": "ORIGINAL",
        "create_time": made.at.replace(" ", "T") + "+08:00",
        "status": own.faults.refund_state,
        "amount": {"total": paid.paid_fen, "refund": made.fen, "currency": "CNY"},
    }


def _refused(status: int, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status)


def signs(request: Request, body: bytes) -> bool:
    """Whether our merchant signed a request to the API."""
    parts = urlsplit(str(request.url))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return wechat_wire.authorized(
        world(request).papers,
        request.headers.get("authorization", ""),
        method=request.method,
        target=target,
        body=body,
    )


routes = [
    Route("/v3/pay/transactions/native", order, methods=["POST"]),
    Route("/v3/pay/transactions/h5", order, methods=["POST"]),
    Route("/v3/pay/transactions/out-trade-no/{ref}", query),
    Route("/v3/pay/transactions/out-trade-no/{ref}/close", close, methods=["POST"]),
    Route("/v3/refund/domestic/refunds", refund, methods=["POST"]),
    Route("/v3/refund/domestic/refunds/{ref}", query_refund),
    Route("/v3/bill/tradebill", bill),
    Route("/v3/billdownload/file", bill_file),
]
