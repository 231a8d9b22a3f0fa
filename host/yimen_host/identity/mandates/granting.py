"""How a mandate comes about and ends: offered or asked for, confirmed or refused, revoked by either at once."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.identity import changes
from yimen_host.identity import store as people
from yimen_host.identity.accounts import Account, Accounts
from yimen_host.identity.consent import Consents
from yimen_host.identity.errors import FieldError
from yimen_host.identity.mandates import store
from yimen_host.identity.mandates.errors import MandateOver, MandateStands, NoSuchMandate, TooManyMandates
from yimen_host.identity.mandates.mandate import (
    DAYS,
    LEAST_CAP,
    MOST_CAP,
    MOST_OPEN,
    Acting,
    Event,
    State,
    Terms,
    month_of,
)
from yimen_host.identity.mandates.models import MandateRow, MandateUseRow
from yimen_host.identity.phones import phone_number
from yimen_host.identity.realname import person_name


@dataclass(frozen=True)
class Mandates:
    """All mandates of the host."""

    services: Services
    accounts: Accounts
    consents: Consents

    async def other(self, viewer: Account, typed_phone: str, typed_name: str) -> Account:
        """The verified person of a phone number and a name, which must both be right. Raises FieldError.

        One message for every kind of wrong: it tells nobody who has an account.
        """
        phone, name = phone_number(typed_phone), person_name(typed_name)
        if viewer.assurance == 0:
            raise FieldError("phone", "请先完成实名认证，再办理代办授权")
        async with self.services.database.transaction() as session:
            row = await people.resident_by_phone(session, self.services.keyring.fingerprint("phone", phone))
            found = await self.accounts.open(session, row.id) if row else None
        if found is None or found.assurance == 0 or found.name != name:
            raise FieldError("phone", "没有手机号和姓名都相符的实名账户，请核对")
        if found.id == viewer.id:
            raise FieldError("phone", "不能授权给自己")
        return found

    async def offer(self, representee_id: str, delegate_id: str, terms: Terms, reasons: Mapping[str, str]) -> str:
        """The representee gives a mandate; it counts at once. ``reasons`` were shown with the scopes.

        Raises Invalid, MandateStands, TooManyMandates.
        """
        row = self._row(representee_id, delegate_id, terms, State.ACTIVE)
        async with self.services.database.transaction() as session:
            await self._add(session, row)
            await self._consent(session, row, reasons)
        return row.id

    async def ask(self, delegate_id: str, representee_id: str, terms: Terms) -> str:
        """The delegate asks for a mandate; it counts once the representee confirms it. Raises as ``offer``."""
        row = self._row(representee_id, delegate_id, terms, State.ASKED)
        async with self.services.database.transaction() as session:
            await self._add(session, row)
        return row.id

    async def confirm(self, mandate_id: str, representee_id: str, reasons: Mapping[str, str]) -> None:
        """The representee says yes. Raises NoSuchMandate and MandateOver."""
        async with self.services.database.transaction() as session:
            row = await self._of(session, mandate_id, representee_id)
            if row.representee_id != representee_id:
                raise NoSuchMandate  # whoever asked cannot say yes
            now = self.services.clock.now()
            if row.ends_at <= now or not await store.move(session, mandate_id, Event.CONFIRM, starts_at=now):
                raise MandateOver("这份代办授权已经处理过了")
            await self._consent(session, row, reasons)

    async def end(self, mandate_id: str, resident_id: str) -> None:
        """Either of the two ends it, at once: refuse or take back a request, revoke what stands. Twice is no error."""
        now = self.services.clock.now()
        async with self.services.database.transaction() as session:
            row = await self._of(session, mandate_id, resident_id)
            ended = {"ended_at": now, "ended_by": resident_id}
            if not await store.move(session, mandate_id, Event.REVOKE, **ended):
                await store.move(session, mandate_id, Event.REFUSE, **ended)
            for person in (row.delegate_id, row.representee_id):
                await changes.tell(session, self.services.keyring, person)

    async def of_person(self, resident_id: str) -> list[MandateRow]:
        """The mandates that a person gave or has, after those whose day has come were ended."""
        async with self.services.database.transaction() as session:
            await store.lapse(session, resident_id, self.services.clock.now())
            return list(await store.of_person(session, resident_id))

    async def seen(self, mandate_id: str, resident_id: str) -> tuple[MandateRow, list[MandateUseRow], int]:
        """A mandate, its uses and what counts in this month, for one of the two. Raises NoSuchMandate."""
        async with self.services.database.transaction() as session:
            row = await self._of(session, mandate_id, resident_id)
            month = month_of(self.services.clock.now())
            return row, list(await store.uses(session, row.id)), await store.used_in(session, row.id, month)

    async def acting(self, delegate_id: str, mandate_id: str, app_id: str) -> MandateRow | None:
        """The mandate by which a delegate acts in a mini-app, when it counts now."""
        async with self.services.database.transaction() as session:
            return await store.counting(
                session, mandate_id, delegate_id=delegate_id, app_id=app_id, now=self.services.clock.now()
            )

    async def note_opened(self, session: AsyncSession, acting: Acting, now: dt.datetime) -> None:
        """Write down, for both to see, that the delegate opened the mini-app in the representee's name."""
        use = MandateUseRow(
            id=self.services.ids.new("use"), mandate_id=acting.mandate_id, kind="opened", month=month_of(now), at=now
        )
        await store.note_use(session, use)

    async def _add(self, session: AsyncSession, row: MandateRow) -> None:
        for person in sorted((row.representee_id, row.delegate_id)):
            await store.lapse(session, person, row.created_at)
            if await store.open_of(session, person) >= MOST_OPEN:
                raise TooManyMandates("代办授权太多了，请先结束一些")
        if not await store.add(session, row):
            raise MandateStands("你们之间已经有一份这项服务的代办授权，请先结束它")

    async def _consent(self, session: AsyncSession, row: MandateRow, reasons: Mapping[str, str]) -> None:
        """The representee's own consent to what the mandate covers; withdrawing it later narrows the mandate too."""
        scopes = frozenset(row.scopes.split())
        asked = {scope: reasons[scope] for scope in scopes}
        await self.consents.write(session, row.representee_id, row.app_id, asked=asked, granted=scopes)
        await changes.tell(session, self.services.keyring, row.delegate_id)

    async def _of(self, session: AsyncSession, mandate_id: str, resident_id: str) -> MandateRow:
        row = await store.find(session, mandate_id)
        if row is None or resident_id not in (row.representee_id, row.delegate_id):
            raise NoSuchMandate
        return row

    def _row(self, representee_id: str, delegate_id: str, terms: Terms, state: State) -> MandateRow:
        _check(terms)
        now = self.services.clock.now()
        return MandateRow(
            id=self.services.ids.new("mdt"),
            representee_id=representee_id,
            delegate_id=delegate_id,
            app_id=terms.app_id,
            scopes=" ".join(sorted(terms.scopes)),
            payment_cap_fen=terms.payment_cap.fen,
            month_cap_fen=terms.month_cap.fen,
            state=state,
            starts_at=now,
            ends_at=now + dt.timedelta(days=terms.days),
            created_at=now,
        )


def _check(terms: Terms) -> None:
    faults = {}
    if not LEAST_CAP <= terms.payment_cap <= MOST_CAP:
        faults["payment_cap"] = "限额为1元至50000元"
    if not LEAST_CAP <= terms.month_cap <= MOST_CAP:
        faults["month_cap"] = "限额为1元至50000元"
    elif terms.payment_cap > terms.month_cap:
        faults["month_cap"] = "每月限额不能低于单笔限额"
    if terms.days not in DAYS:
        faults["days"] = "请选择有效期"
    if not terms.scopes:
        faults["scopes"] = "请至少选择一项权限"
    if faults:
        raise Invalid("the mandate is not complete", faults)
