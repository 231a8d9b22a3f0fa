"""The receiver shown in the reference takes a genuine event once and refuses an altered one."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from yimen_host.payments.events import TOLD

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "webhooks.md").read_text()


def test_the_shown_receiver_works() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    shown: dict[str, Any] = {}  # Any: what the page defines
    exec(block, shown)  # the page's own code
    secret, now, body = (
        "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
        dt.datetime.now(dt.UTC),
        '{"type":"yimen.order.ended"}',
    )
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("evt_1", now, body),
    }
    known: set[str] = set()

    heard = [shown["receive"](secret, headers, body.encode(), known) for _ in range(2)]

    assert heard == ["yimen.order.ended", None]
    with pytest.raises(WebhookVerificationError):
        shown["receive"](secret, headers, body.replace("ended", "begun").encode(), known)


def test_every_type_is_in_the_table() -> None:
    assert [type_ for type_ in TOLD if f"| `{type_}` |" not in TEXT] == []
