"""Turns what the registry refuses into what the host shows."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from yimen_host.core.errors import HostError
from yimen_registry import RegistryError

Page = Callable[[Request], Awaitable[Response]]


class RegistryRefused(HostError):
    """The registry refused; its own words say what to change."""

    code = "registry_refused"
    status = 409


def shown(page: Page) -> Page:
    """Let a page's registry errors be drawn as refusals."""

    @wraps(page)
    async def guarded(request: Request) -> Response:
        try:
            return await page(request)
        except RegistryError as error:
            raise RegistryRefused(str(error)) from error

    return guarded
