"""The inbox: what goes in, how much of it, and what is read."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yimen_host.core.errors import Invalid, TooMany
from yimen_host.core.services import Services
from yimen_host.notices import store
from yimen_host.notices.models import NoticeRow
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.manifest.model import NoticeTemplate

PAGE = 20
A_DAY = 10  # notices of one mini-app to one resident: an inbox is not a shop window
DAY = dt.timedelta(days=1)
LONGEST_VALUE = 80


@dataclass(frozen=True)
class Notice:
    """What is told: fixed words in both languages, and where it leads."""

    title: Bilingual
    text: Bilingual
    link: str


class TooManyNotices(TooMany):
    """The mini-app sent this resident enough for today."""

    code = "too_many_notices"


class Inbox:
    """Every resident's inbox."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.refused: Counter[str] = Counter()
        """Notices over the limit by mini-app, since this process began."""

    async def put(self, resident_id: str, notice: Notice, *, source_id: str, app_id: str | None = None) -> None:
        """Put a notice in. The same ``source_id`` again changes nothing."""
        async with self._services.database.transaction() as session:
            await store.add(
                session,
                NoticeRow(
                    id=self._services.ids.new("ntc"),
                    resident_id=resident_id,
                    app_id=app_id,
                    source_id=source_id,
                    title_zh=notice.title.zh,
                    title_en=notice.title.en,
                    text_zh=notice.text.zh,
                    text_en=notice.text.en,
                    link=notice.link,
                    created_at=self._services.clock.now(),
                ),
            )

    async def put_from_app(
        self, app_id: str, resident_id: str, template: NoticeTemplate, values: Mapping[str, str], *, source_id: str
    ) -> None:
        """Fill a mini-app's approved template and put it in. Raises Invalid and TooManyNotices."""
        wrong = dict.fromkeys(template.places - values.keys(), "missing")
        wrong |= dict.fromkeys(values.keys() - template.places, "not in the template")
        wrong |= {name: f"longer than {LONGEST_VALUE}" for name, value in values.items() if len(value) > LONGEST_VALUE}
        if wrong:
            raise Invalid(f"the notice {template.id} cannot be filled", wrong)
        since = self._services.clock.now() - DAY
        async with self._services.database.transaction() as session:
            if await store.sent_since(session, app_id, resident_id, since) >= A_DAY:
                self.refused[app_id] += 1
                raise TooManyNotices(f"{app_id} has sent this resident {A_DAY} notices within a day")
        text = Bilingual(zh=template.text.zh.format(**values), en=template.text.en.format(**values))
        notice = Notice(template.title, text, f"/apps/{app_id}")
        await self.put(resident_id, notice, source_id=source_id, app_id=app_id)

    async def page(self, resident_id: str, before: str | None) -> Sequence[NoticeRow]:
        """A page of notices, the newest first; reading it marks everything read."""
        async with self._services.database.transaction() as session:
            rows = await store.page(session, resident_id, before, PAGE)
            await store.mark_read(session, resident_id, self._services.clock.now())
        return rows

    async def unread(self, resident_id: str) -> int:
        """How many wait."""
        async with self._services.database.transaction() as session:
            return await store.unread(session, resident_id)
