"""Describes the platform API as OpenAPI 3.1, from the models that the calls themselves read."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from spectree import Response, SpecTree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from yimen_host.notices import api as notices
from yimen_host.payments import api as payments
from yimen_host.payments import bodies
from yimen_host.payments.merchants import api as merchants
from yimen_host.runtime import connections

TITLE, VERSION = "Yimen platform API", "1.0"
ABOUT = (
    "What a mini-app may ask of the platform, on its own unix socket (YIMEN_HOST_URL). The resident's context is the "
    "assertion of Yimen-Resident, handed back in the same header. Every POST needs an Idempotency-Key."
)


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


class Problem(BaseModel):
    """A refusal (RFC 9457, July 2023)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str


@dataclass(frozen=True)
class Call:
    """One call: where, what it reads, what it answers, how it refuses."""

    path: str
    method: str
    endpoint: Any  # Any: an async function of a request, as Starlette takes it
    reads: type[BaseModel] | None
    answers: type[BaseModel]
    status: int = 200
    refusals: tuple[int, ...] = (401, 403, 404)
    query: type[BaseModel] | None = None


CALLS: Sequence[Call] = (
    Call("/v1/orders", "POST", payments.open_order, bodies.OrderBody, OrderAnswer, 201, (400, 401, 403, 409, 422)),
    Call("/v1/orders", "GET", payments.list_orders, None, OrdersAnswer, 200, (403, 404, 422), bodies.SearchQuery),
    Call("/v1/orders/{order_id}", "GET", payments.show_order, None, OrderAnswer),
    Call("/v1/orders/{order_id}/fulfil", "POST", payments.fulfil, None, OrderAnswer, 200, (400, 403, 404, 409)),
    Call("/v1/orders/{order_id}/cancel", "POST", payments.cancel, None, OrderAnswer, 200, (400, 403, 404, 409)),
    Call(
        "/v1/orders/{order_id}/refunds", "POST", payments.refund, bodies.RefundBody, RefundAnswer, 201,
        (400, 403, 404, 409, 422),
    ),
    Call("/v1/orders/{order_id}/refunds", "GET", payments.list_refunds, None, RefundsAnswer),
    Call("/v1/merchants", "GET", merchants.list_merchants, None, MerchantsAnswer, 200, (403, 404, 422),
         merchants.MerchantsQuery),
    Call(
        "/v1/merchants", "POST", merchants.add_merchant, merchants.MerchantBody, MerchantAnswer, 201,
        (400, 403, 409, 422),
    ),
    Call("/v1/notices", "POST", notices.send, notices.Sending, SentAnswer, 201, (401, 403, 404, 422, 429)),
    Call("/v1/fetch", "POST", connections.fetch, connections.Fetch, FetchAnswer, 200, (403, 422, 504)),
)  # fmt: skip


def describe() -> dict[str, Any]:  # Any: an OpenAPI document
    """The description, as JSON values."""
    spec = SpecTree(
        "starlette",
        title=TITLE,
        version=VERSION,
        description=ABOUT,
        openapi_version="3.1.0",
        naming_strategy=lambda model: model.__name__,
        nested_naming_strategy=lambda _, name: name,
    )
    routes = [Route(call.path, _described(spec, call), methods=[call.method]) for call in CALLS]
    spec.register(Starlette(routes=routes))
    document: dict[str, Any] = spec.spec
    return document


async def show(request: Request) -> HttpResponse:
    """``GET /v1/openapi.json``."""
    return JSONResponse(describe())


def _described(spec: SpecTree, call: Call) -> Any:  # Any: as above
    answers: dict[str, Any] = {f"HTTP_{call.status}": call.answers}
    answers |= {f"HTTP_{status}": Problem for status in call.refusals}
    # The calls check what they read themselves; this only describes it.
    described = spec.validate(json=call.reads, query=call.query, resp=Response(**answers), skip_validation=True)
    return described(call.endpoint)


routes = [Route("/v1/openapi.json", show)]

if __name__ == "__main__":
    import json

    print(json.dumps(describe(), indent=2, ensure_ascii=False, sort_keys=True))
