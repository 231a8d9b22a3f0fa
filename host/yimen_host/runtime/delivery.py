"""Delivers events to mini-apps: a signed CloudEvent to the release's socket, which wakes it if it sleeps."""

import json
from pathlib import Path

import httpx

from yimen_host.core.clock import Clock
from yimen_host.core.errors import HostError
from yimen_host.core.keyring import Keyring
from yimen_host.core.outbox import OutboxEvent

ANSWER_SECONDS = 20.0
PATH = "/.yimen/events"


class DeliveryFailed(HostError):
    """The mini-app did not take the event; it will be delivered again."""

    code = "delivery_failed"


async def deliver(event: OutboxEvent, socket: Path, keyring: Keyring, clock: Clock) -> None:
    """Post one event. Raises DeliveryFailed unless the mini-app answers 2xx."""
    body = json.dumps(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": "/yimen",
            "type": event.type,
            "subject": event.subject,
            "time": event.created_at.isoformat(),
            "datacontenttype": "application/json",
            "data": event.data,
        }
    ).encode()
    sent = str(int(clock.now().timestamp()))
    headers = {
        "content-type": "application/cloudevents+json",
        "webhook-id": event.id,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1a,{keyring.sign(f'{event.id}.{sent}.'.encode() + body)}",
    }
    transport = httpx.AsyncHTTPTransport(uds=str(socket), verify=False)  # no TLS on a unix socket
    async with httpx.AsyncClient(transport=transport, base_url="http://app", timeout=ANSWER_SECONDS) as client:
        try:
            response = await client.post(PATH, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise DeliveryFailed(f"{event.type} {event.id}: {type(error).__name__}: {error}") from error
    if not response.is_success:
        raise DeliveryFailed(f"{event.type} {event.id}: the mini-app answered {response.status_code}")
