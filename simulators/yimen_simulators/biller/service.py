"""The power company over HTTP: query, pay, ask what became of a payment, reverse 冲正, and its daily file.

Faults can be switched on.
"""

import asyncio
import dataclasses
import datetime as dt
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_simulators.biller.books import Books, Collection
from yimen_simulators.biller.files import FAULTS as FILE_FAULTS
from yimen_simulators.biller.files import daily_file

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
            Route("/files/{day}.csv", daily),
            Route("/_faults", set_fault, methods=["POST"]),
            Route("/_files", spoil, methods=["POST"]),
        ]
    )
    application.state.books = books
    application.state.faults = {}
    application.state.files = {}
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


async def daily(request: Request) -> Response:
    """Tell what was booked on a day, once it is over."""
    try:
        day = dt.date.fromisoformat(request.path_params["day"])
    except ValueError:
        return _unknown("no_such_day")
    if day >= _books(request).today():
        return _unknown("not_ready")
    text = daily_file(day, _books(request).bookings(day), request.app.state.files)
    return Response(text, media_type="text/csv")


async def spoil(request: Request) -> Response:
    """Spoil a line of the daily file: body ``{sequence, fault}``; sequence ``extra`` adds a line."""
    asked = await request.json()
    if asked.get("fault") not in FILE_FAULTS:
        return JSONResponse({"error": f"fault is one of {', '.join(FILE_FAULTS)}"}, 422)
    request.app.state.files[str(asked["sequence"])] = asked["fault"]
    return JSONResponse({"sequence": asked["sequence"], "fault": asked["fault"]})


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
