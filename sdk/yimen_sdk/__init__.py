"""Write a mini-app for Yimen 一门: one hook, one manifest, one port to the platform."""

from starlette.responses import JSONResponse, Response, StreamingResponse

from yimen_sdk.errors import (
    ConsentRequired,
    InvalidRequest,
    NotFound,
    Refused,
    ScopeNotDeclared,
    SignInRequired,
    TryLater,
    Unknown,
    YimenError,
)
from yimen_sdk.events import ConsentWithdrawn, Event, OrderEnded, PaymentSettled, RefundEnded
from yimen_sdk.hooks import hookimpl
from yimen_sdk.host import Answer, Host, Order, Refund
from yimen_sdk.live import WebSocket
from yimen_sdk.merchant import Application, Merchant
from yimen_sdk.miniapp import MiniApp
from yimen_sdk.money import Money, yuan
from yimen_sdk.resident import Actor, Resident
from yimen_sdk.split import Part
from yimen_sdk.surroundings import Surroundings
from yimen_sdk.web import Request

__all__ = [
    "Actor",
    "Answer",
    "Application",
    "ConsentRequired",
    "ConsentWithdrawn",
    "Event",
    "Host",
    "InvalidRequest",
    "JSONResponse",
    "Merchant",
    "MiniApp",
    "Money",
    "NotFound",
    "Order",
    "OrderEnded",
    "Part",
    "PaymentSettled",
    "Refund",
    "RefundEnded",
    "Refused",
    "Request",
    "Resident",
    "Response",
    "ScopeNotDeclared",
    "SignInRequired",
    "StreamingResponse",
    "Surroundings",
    "TryLater",
    "Unknown",
    "WebSocket",
    "YimenError",
    "hookimpl",
    "yuan",
]
