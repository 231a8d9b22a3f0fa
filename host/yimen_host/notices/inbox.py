"""The inbox: what goes in, how much of it, and what is read."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from yimen_host.core.errors import Invalid, TooMany
from yimen_host.core.services import Services
from yimen_host.identity import store as identity
from yimen_host.notices import store
from yimen_host.notices.models import NoticeRow
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.manifest.model import NoticeTemplate

PAGE = 20
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

    def __init__(self, services: Services, a_day: Callable[[str], int]) -> None:
        """`a_day` tells how many notices a mini-app may send one resident within a day."""
        self._services = services
        self._a_day = a_day
        self.refused: Counter[str] = Counter()
        """Notices over the limit by mini-app, since this process began."""

    async def put(self, resident_id: str, notice: Notice, *, source_id: str) -> None:
        """Put a notice in. The same ``source_id`` again changes nothing."""
        async with self._services.database.transaction() as session:
            await store.add(session, self._row(resident_id, notice, source_id))

    async def put_from_app(
        self, app_id: str, resident_id: str, template: NoticeTemplate, values: Mapping[str, str], *, source_id: str
    ) -> None:
        """Fill a mini-app's approved template and put it in. Raises Invalid and TooManyNotices."""
        wrong = dict.fromkeys(template.places - values.keys(), "missing")
        wrong |= dict.fromkeys(values.keys() - template.places, "not in the template")
        wrong |= {name: f"longer than {LONGEST_VALUE}" for name, value in values.items() if len(value) > LONGEST_VALUE}
        if wrong:
            raise Invalid(f"the notice {template.id} cannot be filled", wrong)
        text = Bilingual(zh=template.text.zh.format(**values), en=template.text.en.format(**values))
        row = self._row(resident_id, Notice(template.title, text, f"/apps/{app_id}"), source_id, app_id)
        most, since = self._a_day(app_id), row.created_at - DAY
        async with self._services.database.transaction() as session:
            await identity.hold_resident(session, resident_id)  # who sends many at once sends them one after another
            is_new = await store.add(session, row)
            if is_new and await store.sent_since(session, app_id, resident_id, since) > most:
                self.refused[app_id] += 1
                raise TooManyNotices(f"{app_id} has sent this resident {most} notices within a day")

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

    def _row(self, resident_id: str, notice: Notice, source_id: str, app_id: str | None = None) -> NoticeRow:
        return NoticeRow(
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
        )
