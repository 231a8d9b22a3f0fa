"""`POST /legacy/`: what unmodified `twine upload` and `uv publish` talk to."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from yimen_registry.basic import secret_of
from yimen_registry.errors import RegistryError
from yimen_registry.publishing import Publishing
from yimen_registry.tokens.issue import TokenRefused
from yimen_registry.uploads.body import read_form
from yimen_registry.wheel.advice import advised
from yimen_registry.wheel.refusal import WheelRefused

_CHALLENGE = {"www-authenticate": 'Basic realm="Yimen registry"'}


class Uploads:
    """The write side of the packaging protocols."""

    def __init__(self, registry: Publishing) -> None:
        self._registry = registry

    async def upload(self, request: Request) -> Response:
        """Take one wheel. The token is checked before a byte of the body is read."""
        try:
            secret = secret_of(request)
            if secret is None:
                raise TokenRefused("show an API token: user __token__, the token as password")
            token = await self._registry.recognise(secret)
            with self._registry.blobs.incoming() as incoming:
                form = await read_form(request, incoming / "upload", self._registry.limits)
                build = await self._registry.receive_upload(token, form, incoming / "upload")
        except RegistryError as error:
            headers = _CHALLENGE if error.status == 401 else None
            return PlainTextResponse(f"{_told(error)}\n", error.status, headers)
        return PlainTextResponse(f"{build.app_id} {build.version} is uploaded; submit it in the console\n")

    def routes(self) -> Sequence[BaseRoute]:
        """The route of the uploads."""
        return [Route("/legacy/", self.upload, methods=["POST"])]


def _told(error: RegistryError) -> str:
    """Return what went wrong, and of a wheel what to change, in both languages: a tool tells nobody's language."""
    advice = advised(fault.rule for fault in error.faults) if isinstance(error, WheelRefused) else []
    return "\n".join([str(error), *advice])
