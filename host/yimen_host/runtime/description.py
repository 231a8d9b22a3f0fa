"""Describes the platform API: what each of its calls reads and answers with."""

import datetime as dt

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_host.core.openapi import Api, Call
from yimen_host.notices import api as notices
from yimen_host.payments import api as payments
from yimen_host.payments import bodies
from yimen_host.payments.idempotency import KeyHeader
from yimen_host.payments.merchants import api as merchants
from yimen_host.runtime import connections


class Amount(BaseModel):
    """Money in fen."""

    fen: int
    currency: str = "CNY"


class PartAnswer(BaseModel):
    """What one merchant gets of an order, or gives back."""

    merchant: str = Field(description="its code; self is the mini-app's own")
    amount: Amount


class OrderAnswer(BaseModel):
    """An order as it stands."""

    id: str
    title: str
    amount: Amount
    state: str = Field(description="open, paid, fulfilled, closed, cancelled, expired, partially_refunded, refunded")
    reference: str | None
    cashier_url: str
    receipt_number: str | None
    expires_at: dt.datetime
    split: list[PartAnswer] = Field(description="empty: all of it is the mini-app's own merchant's")


class OrdersAnswer(BaseModel):
    """The orders that match, those opened first first."""

    orders: list[OrderAnswer]


class RefundAnswer(BaseModel):
    """A refund as it stands."""

    id: str
    order_id: str
    amount: Amount
    state: str = Field(description="requested, processing, succeeded, failed, needs_action")
    split: list[PartAnswer] = Field(description="what each merchant of a split order gives back")


class RefundsAnswer(BaseModel):
    """The refunds of an order."""

    refunds: list[RefundAnswer]


class MerchantAnswer(BaseModel):
    """A merchant as it stands."""

    code: str = Field(description="self is the mini-app's own")
    state: str = Field(description="applied, approved, refused")
    legal_name: str
    credit_code: str
    bank: str
    account_tail: str = Field(description="the last four digits")
    approved_at: dt.datetime | None = Field(description="the first time; from then on orders may name it")


class MerchantsAnswer(BaseModel):
    """A mini-app's merchants, its own first, then by code."""

    merchants: list[MerchantAnswer]


class SentAnswer(BaseModel):
    """A notice was put in the inbox."""

    status: str


class FetchAnswer(BaseModel):
    """What the other service answered."""

    status: int
    headers: dict[str, str]
    body: str = Field(description="base64, at most 1 MiB before encoding")


_DOES = (400, 403, 404, 409)
CALLS = (
    Call("/v1/orders", "POST", payments.open_order, OrderAnswer, 201, (400, 401, 403, 409, 413, 422),
         reads=bodies.OrderBody, headers=KeyHeader),
    Call("/v1/orders", "GET", payments.list_orders, OrdersAnswer, 200, (403, 404, 422), query=bodies.SearchQuery),
    Call("/v1/orders/{order_id}", "GET", payments.show_order, OrderAnswer),
    Call("/v1/orders/{order_id}/fulfil", "POST", payments.fulfil, OrderAnswer, 200, _DOES, headers=KeyHeader),
    Call("/v1/orders/{order_id}/cancel", "POST", payments.cancel, OrderAnswer, 200, _DOES, headers=KeyHeader),
    Call("/v1/orders/{order_id}/refunds", "POST", payments.refund, RefundAnswer, 201, (*_DOES, 413, 422),
         reads=bodies.RefundBody, headers=KeyHeader),
    Call("/v1/orders/{order_id}/refunds", "GET", payments.list_refunds, RefundsAnswer),
    Call("/v1/merchants", "GET", merchants.list_merchants, MerchantsAnswer, 200, (403, 404, 422),
         query=merchants.MerchantsQuery),
    Call("/v1/merchants", "POST", merchants.add_merchant, MerchantAnswer, 201, (400, 403, 409, 413, 422),
         reads=merchants.MerchantBody, headers=KeyHeader),
    Call("/v1/notices", "POST", notices.send, SentAnswer, 201, (401, 403, 404, 413, 422, 429),
         reads=notices.Sending, headers=KeyHeader),
    Call("/v1/fetch", "POST", connections.fetch, FetchAnswer, 200, (403, 413, 422, 429, 504), reads=connections.Fetch),
)  # fmt: skip
PLATFORM = Api(
    "Yimen platform API",
    "1.0",
    "What a mini-app may ask of the platform, on its own unix socket (YIMEN_HOST_URL). The resident's context is the "
    "assertion of Yimen-Resident, handed back in the same header. Every POST that changes something needs an "
    "Idempotency-Key.",
    CALLS,
)


async def show(request: Request) -> Response:
    """``GET /v1/openapi.json``."""
    return JSONResponse(PLATFORM.document())


routes = [Route("/v1/openapi.json", show)]

if __name__ == "__main__":
    import json

    print(json.dumps(PLATFORM.document(), indent=2, ensure_ascii=False, sort_keys=True))
