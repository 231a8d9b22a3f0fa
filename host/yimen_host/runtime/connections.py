"""The way out for mini-apps: the host calls other services for them, and only those their manifest was approved for."""

import asyncio
import base64
from collections import Counter, defaultdict
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_host.core import outward
from yimen_host.core.errors import Forbidden, HostError
from yimen_host.core.reading import read_body
from yimen_host.core.services import Services
from yimen_host.runtime.allowance import LONGEST_CALL, Allowance
from yimen_host.runtime.directory import LiveDirectory
from yimen_host.runtime.hostport import Caller
from yimen_sdk.manifest import Side

MAX_ANSWER_BYTES = 1024 * 1024
MAX_HEADERS = 20
CONNECT_SECONDS = 5.0
KEPT_HEADERS = ("content-type", "etag", "last-modified", "retry-after", "location")


class HostNotApproved(Forbidden):
    """The address is not one that the manifest names and the reviewer approved."""

    code = "host_not_approved"


class NoAnswer(HostError):
    """The other service gave no answer: it may have done what was asked, or not."""

    code = "unknown"
    status = 504


class Fetch(BaseModel):
    """What a mini-app asks the host to call."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
    url: Annotated[str, Field(max_length=2000)]
    json_body: Any = Field(default=None, alias="json")  # Any: the mini-app's JSON
    headers: Annotated[dict[str, str], Field(max_length=MAX_HEADERS)] = {}
    timeout: Annotated[float, Field(gt=0, le=30)] = 10.0


class Connections:
    """Makes the calls."""

    def __init__(self, services: Services, directory: LiveDirectory) -> None:
        self._bound = services.settings.connections
        self._directory = directory
        self._allowance = Allowance()
        self.failed: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """Calls that were refused or got no answer, by the error's code and mini-app, since this process began."""
        self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False)

    async def fetch(self, caller: Caller, asked: Fetch) -> dict[str, object]:
        """Call another service for a mini-app. Raises HostNotApproved, TooMany and NoAnswer."""
        try:
            return await self._fetch(caller, asked)
        except HostError as error:
            self.failed[error.code][caller.app_id] += 1
            raise

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _fetch(self, caller: Caller, asked: Fetch) -> dict[str, object]:
        host = (urlsplit(asked.url).hostname or "").lower()
        release = self._directory.release(caller.app_id, caller.version)
        if release is None or host not in release.manifest.hosts(Side.SERVER):
            raise HostNotApproved(f"the manifest of {caller.app_id} does not name {host or asked.url!r}")
        with self._allowance.call(caller.app_id) as count:
            response, body = await self._call(await self._target(asked.url), host, asked)
            count(len(body))
        return {
            "status": response.status_code,
            "headers": {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
            "body": base64.b64encode(body).decode(),
        }

    async def _call(self, target: outward.Target, host: str, asked: Fetch) -> tuple[httpx.Response, bytes]:
        try:
            # The client's own limit is between two pieces: an answer that drips would never reach it.
            async with (
                asyncio.timeout(CONNECT_SECONDS + asked.timeout),
                self._client.stream(
                    asked.method,
                    target.url,
                    json=asked.json_body,
                    headers={**_plain(asked.headers), "host": target.host, "accept-encoding": "identity"},
                    timeout=httpx.Timeout(asked.timeout, connect=CONNECT_SECONDS),
                    extensions={"sni_hostname": host},
                ) as response,
            ):
                return response, await _read(response)
        except TimeoutError as error:
            raise NoAnswer(f"{host} did not finish its answer in time") from error
        except httpx.ConnectError as error:
            raise NoAnswer(f"{host} cannot be reached") from error
        except httpx.HTTPError as error:
            raise NoAnswer(f"{host} gave no answer: {type(error).__name__}") from error

    async def _target(self, url: str) -> outward.Target:
        try:
            return await outward.target(url, self._bound)
        except outward.AddressRefused as error:
            raise HostNotApproved(error.message) from error
        except outward.AddressUnknown as error:
            raise NoAnswer(error.message) from error


async def _read(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise NoAnswer(
            "the answer is compressed, although that was not asked for"
        )  # a small one may unpack to gigabytes
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise NoAnswer("the answer is longer than 1 MiB")
    return bytes(body)


def _plain(headers: dict[str, str]) -> dict[str, str]:
    refused = {
        "host",
        "accept-encoding",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
    }
    return {name: value for name, value in headers.items() if name.lower() not in refused}


async def fetch(request: Request) -> Response:
    """``POST /v1/fetch``."""
    connections: Connections = request.app.state.connections
    asked = await read_body(request, Fetch, most=LONGEST_CALL)
    return JSONResponse(await connections.fetch(request.state.caller, asked))


routes = [Route("/v1/fetch", fetch, methods=["POST"])]
