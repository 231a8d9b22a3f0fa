"""Posts signed messages to servers outside (Standard Webhooks 1.0.0). Where they may go, others decide."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
from standardwebhooks import Webhook

from yimen_host.core.outward import Target

ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 5.0
MAX_ERROR = 200


@dataclass(frozen=True)
class Message:
    """What is posted. The same ``id`` again is the same message."""

    id: str
    body: str


@dataclass(frozen=True)
class Answer:
    """What the server said: its status, or why there is none."""

    status: int | None
    error: str | None

    @property
    def taken(self) -> bool:
        """Whether the server has the message now."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def why(self) -> str:
        """Why it does not, in a few words."""
        return f"HTTP {self.status}" if self.status is not None else self.error or "no answer"


def client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client that goes where it is sent and nowhere else."""
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    return httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=timeout, transport=transport)


async def post(
    by: httpx.AsyncClient, target: Target, message: Message, *, secrets: Sequence[str], now: dt.datetime
) -> Answer:
    """Post a message once, signed with each secret. Never raises for what the server does."""
    try:
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            by.stream(
                "POST",
                target.url,
                content=message.body.encode(),
                headers={
                    "host": target.host,
                    "content-type": "application/json",
                    "user-agent": "Yimen-Webhooks/1",
                    "webhook-id": message.id,
                    "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": " ".join(
                        Webhook(secret).sign(message.id, now, message.body) for secret in secrets
                    ),
                },
                extensions={"sni_hostname": target.host},
            ) as response,
        ):
            return Answer(response.status_code, None if response.is_success else await _beginning(response))
    except TimeoutError:
        return Answer(None, f"no answer in {ANSWER_SECONDS:.0f} seconds")
    except httpx.HTTPError as error:
        return Answer(None, f"{type(error).__name__} {error}"[:MAX_ERROR])


async def _beginning(response: httpx.Response) -> str:
    """What an answer begins with, for a person to read. The rest of it is not wanted."""
    async for piece in response.aiter_bytes(MAX_ERROR):
        return piece.decode(errors="replace").replace("\0", "")
    return ""
