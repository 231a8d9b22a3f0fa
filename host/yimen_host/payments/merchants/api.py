"""The platform API of merchants: a mini-app lists its own and applies for sub-merchants; a person reviews them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_host.core.reading import read_body, read_query
from yimen_host.payments.calls import MAX_BODY, SCOPE, caller_of, do_once, payments_of
from yimen_host.payments.merchants.models import MerchantRow
from yimen_sdk.merchant import Application

MOST_FOUND = 200  # merchants in one answer


class MerchantBody(BaseModel):
    """An application to be a sub-merchant."""

    model_config = ConfigDict(strict=True, extra="forbid")

    code: str = Field(description="its name within the mini-app: 1 to 30 of a-z 0-9 -, never changed")
    legal_name: str
    credit_code: str = Field(description="unified social credit code (GB 32100-2015)")
    bank: str
    account: str = Field(description="8 to 30 digits; sealed, and never told again")


class MerchantsQuery(BaseModel):
    """Which merchants are listed."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(default=None, description="the code of the last merchant of the page before")
    limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] = 50


async def list_merchants(request: Request) -> Response:
    """Answer with this mini-app's merchants, its own first, then by code."""
    caller, register = caller_of(request), payments_of(request).merchants
    caller.need_declared(SCOPE)
    asked = read_query(request, MerchantsQuery)
    found = await register.page(caller.app_id, after=asked.after, limit=asked.limit)
    return JSONResponse({"merchants": [_json(row) for row in found]})


async def add_merchant(request: Request) -> Response:
    """Write the application of a sub-merchant down."""
    caller, register = caller_of(request), payments_of(request).merchants
    caller.need_declared(SCOPE)
    body = await read_body(request, MerchantBody, most=MAX_BODY)
    application = Application.read(body.model_dump())

    async def effect(session: AsyncSession) -> dict[str, Any]:  # Any: JSON
        return {"merchant": (await register.add(session, caller.app_id, body.code, application)).id}

    row = await register.find((await do_once(request, effect))["merchant"])
    assert row is not None, "what was written down is never deleted"
    return JSONResponse(_json(row), 201)


def _json(row: MerchantRow) -> dict[str, Any]:  # Any: JSON
    return {
        "code": row.code,
        "state": row.state,
        "legal_name": row.legal_name,
        "credit_code": row.credit_code,
        "bank": row.bank,
        "account_tail": row.account_tail,
        "approved_at": row.approved_at.isoformat() if row.approved_at else None,
    }


routes = [
    Route("/v1/merchants", list_merchants),
    Route("/v1/merchants", add_merchant, methods=["POST"]),
]
