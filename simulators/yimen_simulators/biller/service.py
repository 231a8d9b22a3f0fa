"""The power company over HTTP: query, pay, ask what became of a payment, reverse 冲正. Faults can be switched on."""

import asyncio
import dataclasses
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_simulators.biller.books import Books, Collection

SILENCE_SECONDS = 60.0
FAULTS = ("none", "silent_before", "silent_after")
SILENT_NUMBER = "0520100320"  # the last customer's first payment is always answered late: to see what happens then


def create_biller(books: Books) -> Starlette:
    """The service over some books."""
    application = Starlette(
        routes=[
            Route("/accounts/{number}", account),
            Route("/accounts/{number}/bills", bills),
            Route("/payments", pay, methods=["POST"]),
            Route("/payments/{sequence}", payment),
            Route("/payments/{sequence}/reverse", reverse, methods=["POST"]),
            Route("/_faults", set_fault, methods=["POST"]),
        ]
    )
    application.state.books = books
    application.state.faults = {}
    application.state.late = set()
    return application


async def account(request: Request) -> Response:
    """Tell a customer's masked holder and address."""
    found = _books(request).household(request.path_params["number"])
    return JSONResponse(dataclasses.asdict(found)) if found else _unknown("no_such_account")


async def bills(request: Request) -> Response:
    """Tell a customer's newest 24 bills."""
    number = request.path_params["number"]
    if _books(request).household(number) is None:
        return _unknown("no_such_account")
    told = [{**dataclasses.asdict(bill), "due": bill.due.isoformat()} for bill in _books(request).bills(number)]
    return JSONResponse({"number": number, "bills": told})


async def pay(request: Request) -> Response:
    """Take a payment: body ``{sequence, number, period, fen}``."""
    asked: dict[str, Any] = await request.json()  # Any: JSON
    number = str(asked["number"])
    fault = request.app.state.faults.get(number, "none")
    if fault == "silent_before":
        await asyncio.sleep(SILENCE_SECONDS)
    made = _books(request).collect(str(asked["sequence"]), number, str(asked["period"]), int(asked["fen"]))
    if fault == "silent_after" or _late_the_first_time(request, made):
        await asyncio.sleep(SILENCE_SECONDS)
    return _told(made)


async def payment(request: Request) -> Response:
    """Tell what became of a payment."""
    found = _books(request).collection(request.path_params["sequence"])
    return _told(found) if found else _unknown("no_such_payment")


async def reverse(request: Request) -> Response:
    """Reverse a payment; a payment never heard of is refused from now on."""
    return _told(_books(request).reverse(request.path_params["sequence"]))


async def set_fault(request: Request) -> Response:
    """Make the service silent for a customer: body ``{number, fault}``; before or after it has taken the payment."""
    asked = await request.json()
    if asked.get("fault") not in FAULTS:
        return JSONResponse({"error": f"fault is one of {', '.join(FAULTS)}"}, 422)
    request.app.state.faults[str(asked["number"])] = asked["fault"]
    return JSONResponse({"number": asked["number"], "fault": asked["fault"]})


def _late_the_first_time(request: Request, made: Collection) -> bool:
    if made.number != SILENT_NUMBER or made.sequence in request.app.state.late:
        return False
    request.app.state.late.add(made.sequence)
    return True


def _told(made: Collection) -> Response:
    return JSONResponse(dataclasses.asdict(made))


def _unknown(code: str) -> Response:
    return JSONResponse({"error": code}, 404)


def _books(request: Request) -> Books:
    books: Books = request.app.state.books
    return books
