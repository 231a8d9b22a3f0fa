"""What a dispatch says: which kind, how many, which objects; nothing that a mini-app or a resident wrote."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from yimen_host.core.alerts import Alert
from yimen_host.core.outbox import OutboxEvent
from yimen_host.notices.alerts import WORDS
from yimen_sdk.bilingual import Bilingual

TEST = "yimen.alert.test"
CONSOLE = "/console"
MOST_OBJECTS = 20
"""Of a storm the first ones are named, and the number of all."""
_TEXT = "【一门】{title}，{count}件。请到管理控制台查看。"
_TEST = Bilingual(zh="这是一条测试，无需处理", en="This is a test, nothing is to be done")


@dataclass(frozen=True)
class Dispatch:
    """One message about alerts of one kind."""

    id: str
    kind: str
    title: Bilingual
    count: int
    since: dt.datetime
    link: str = CONSOLE
    objects: Sequence[str] = ()

    @classmethod
    def of(cls, dispatch_id: str, alerts: Sequence[OutboxEvent]) -> Self:
        """Tell of alerts of one kind, the oldest first; at least one."""
        first = alerts[0]
        write = WORDS[Alert(first.type)].admin
        assert write is not None, "what is its publisher's alone is not gathered"
        notices = [
            write(alert.data) for alert in alerts
        ]  # titles are of the kind, links of the object; texts stay here
        links = {notice.link for notice in notices}
        link = links.pop() if len(links) == 1 else CONSOLE
        objects = [alert.subject for alert in alerts[:MOST_OBJECTS]]
        return cls(dispatch_id, first.type, notices[0].title, len(alerts), first.created_at, link, objects)

    @classmethod
    def test(cls, dispatch_id: str, now: dt.datetime) -> Self:
        """A message that tells of nothing."""
        return cls(dispatch_id, TEST, _TEST, 1, now)

    def text(self) -> str:
        """As a text message, in Chinese as those with one-time codes are."""
        return _TEXT.format(count=self.count, title=self.title.zh)

    def body(self, portal: str) -> str:
        """As JSON, with the address on the portal's origin where something can be done."""
        data = {
            "count": self.count,
            "title": {"zh": self.title.zh, "en": self.title.en},
            "objects": list(self.objects),
            "link": portal + self.link,
        }
        said = {"type": self.kind, "timestamp": self.since.isoformat(), "data": data}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def is_for_operators(kind: Alert) -> bool:
    """Whether operators can do something about it; the rest is its publisher's."""
    return WORDS[kind].admin is not None
