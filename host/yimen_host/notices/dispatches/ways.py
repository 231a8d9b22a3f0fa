"""The ways on which alerts leave the host, as the operator's settings name them. They send once; others try again."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from yimen_host.core import posting
from yimen_host.core.errors import HostError
from yimen_host.core.outward import Target
from yimen_host.core.posting import MAX_ERROR, Message
from yimen_host.identity.accounts import Sender
from yimen_host.notices.dispatches.words import Dispatch
from yimen_host.settings import Settings

TEXT_SECONDS = 30.0
_SHOWN = 4
"""Digits of a number that are shown."""


class NotTaken(HostError):
    """A way did not take a dispatch; the message is what was answered."""

    code = "not_taken"


class Way(Protocol):
    """One of them."""

    @property
    def id(self) -> str:
        """What dispatches are kept under."""
        ...

    @property
    def title(self) -> str:
        """What an operator knows it by."""
        ...

    async def send(self, dispatch: Dispatch, now: dt.datetime) -> None:
        """Send a dispatch. Raises NotTaken."""
        ...


@dataclass(frozen=True)
class Webhook:
    """A server of the operator's, which may be anywhere: mini-apps have no say in where it is."""

    url: str
    secret: str
    portal: str
    transport: httpx.AsyncBaseTransport | None = None
    id: str = "webhook"

    @property
    def title(self) -> str:
        """Its host alone: some carry a token in the rest of the address."""
        return urlsplit(self.url).hostname or self.url

    async def send(self, dispatch: Dispatch, now: dt.datetime) -> None:
        """Post it. Raises NotTaken."""
        message = Message(dispatch.id, dispatch.body(self.portal))
        target = Target(self.url, urlsplit(self.url).netloc.rpartition("@")[2])
        async with posting.client(self.transport) as client:
            answer = await posting.post(client, target, message, secrets=[self.secret], now=now)
        if not answer.taken:
            raise NotTaken(answer.why)


@dataclass(frozen=True)
class Phone:
    """A telephone of whoever is on duty. ``place`` is its place in the setting."""

    number: str
    place: int
    sender: Sender

    @property
    def id(self) -> str:
        """By its place: who is on duty may change, the duty stays."""
        return f"phone-{self.place}"

    @property
    def title(self) -> str:
        """Its end alone."""
        return f"…{self.number[-_SHOWN:]}"

    async def send(self, dispatch: Dispatch, now: dt.datetime) -> None:
        """Send a text message. Raises NotTaken."""
        try:
            async with asyncio.timeout(TEXT_SECONDS):
                await self.sender.send(self.number, dispatch.text())
        except TimeoutError as error:
            raise NotTaken(f"no answer in {TEXT_SECONDS:.0f} seconds") from error
        except (HostError, OSError) as error:
            raise NotTaken(str(error)[:MAX_ERROR]) from error


def ways(settings: Settings, sender: Sender) -> Sequence[Way]:
    """Every way that the settings name."""
    found: list[Way] = [Phone(number, place, sender) for place, number in enumerate(settings.alert_phones, 1)]
    if settings.alert_webhook is not None:
        found.insert(0, Webhook(settings.alert_webhook, settings.signs_alerts_with, settings.portal_origin))
    return found
