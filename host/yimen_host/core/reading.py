"""Reads what a program sent into the model that a call is described with, and tells every fault at once."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from yimen_host.core.errors import Invalid

_Body = TypeVar("_Body", bound=BaseModel)


async def read_body(request: Request, kind: type[_Body], *, most: int) -> _Body:
    """Read a body of at most ``most`` bytes. Raises Invalid."""
    body = await request.body()
    if len(body) > most:
        raise Invalid(f"the body is longer than {most} bytes")
    return _validated(kind.model_validate_json, body)


def read_query(request: Request, kind: type[_Body]) -> _Body:
    """Read what is asked for. Raises Invalid."""
    return _validated(kind.model_validate, dict(request.query_params))


def _validated(read: Callable[[Any], _Body], given: object) -> _Body:  # Any: as Pydantic reads
    try:
        return read(given)
    except ValidationError as error:
        faults = {".".join(map(str, fault["loc"])): fault["msg"] for fault in error.errors()}
        raise Invalid("this is not what the call needs", faults) from None
