"""The register of merchants: a publisher says who is to be paid, an admin agrees and sets the terms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.payments import alerts
from yimen_host.payments.merchants import store
from yimen_host.payments.merchants.errors import (
    ChangedMeanwhile,
    MerchantTaken,
    NoSuchMerchant,
    NotForYouToReview,
    TooManyWait,
)
from yimen_host.payments.merchants.fees import ANY, BEGINNING
from yimen_host.payments.merchants.models import MerchantFeeRow, MerchantRow
from yimen_host.payments.merchants.names import merchant_id as id_of
from yimen_host.payments.merchants.states import MerchantEvent, MerchantState
from yimen_host.payments.merchants.terms import read_terms
from yimen_sdk.merchant import Application
from yimen_sdk.pages import CHINA
from yimen_sdk.split import SELF, is_code

MOST_WAITING = 100  # of one mini-app: each is read by a person
FAULTS = {
    "code": "编号为1到30位小写字母、数字或短横线，首尾不为短横线",
    "legal_name": "请填写营业执照上的名称",
    "credit_code": "统一社会信用代码不正确，请核对",
    "bank": "请填写开户银行",
    "account": "请填写 8 到 30 位数字的账号",
}


@dataclass(frozen=True)
class Register:
    """Knows who is paid for which mini-app."""

    services: Services

    async def apply(self, app_id: str, typed: Mapping[str, str], *, by: str, code: str = SELF) -> MerchantRow:
        """Write an application down, of a mini-app's own merchant or of the sub-merchant ``code``.

        Raises Invalid with every fault at once.
        """
        row = self._row(app_id, code, Application.read(typed), by)
        async with self.services.database.transaction() as session:
            await store.apply(session, row)
            await alerts.merchants_applied(session, row, row.changed_at)
        return row

    async def add(self, session: AsyncSession, app_id: str, code: str, application: Application) -> MerchantRow:
        """Write a mini-app's application for a sub-merchant down, in the caller's transaction.

        The same again is the same merchant; with other details it takes the place of one that was refused and was
        never approved. Raises Invalid with every fault at once, MerchantTaken and TooManyWait.
        """
        row = self._row(app_id, code, application, f"app:{app_id}", sub=True)
        await store.one_at_a_time(session, app_id)
        known = await store.find(session, row.id)
        if known is not None and self._told(known) == application:
            return known
        if await store.waiting(session, app_id) >= MOST_WAITING:
            raise TooManyWait(app_id, MOST_WAITING)
        if not await store.add(session, row):
            raise MerchantTaken(row.id)
        await alerts.merchants_applied(session, row, row.changed_at)
        return row

    async def page(self, app_id: str, *, after: str | None, limit: int) -> Sequence[MerchantRow]:
        """The merchants of a mini-app, its own first, those that follow the code ``after``. Raises NoSuchMerchant."""
        last = None if after is None else id_of(app_id, after)
        async with self.services.database.transaction() as session:
            if last is not None and await store.find(session, last) is None:
                raise NoSuchMerchant(last)
            return await store.page(session, app_id, after=last, limit=limit)

    async def approve(
        self, merchant_id: str, typed: Mapping[str, str], *, by: str, publishers: Collection[str], seen: str
    ) -> MerchantRow:
        """Agree to an application under these terms. ``publishers`` are the people of the mini-app's publisher.

        ``seen`` is the mark of what the reviewer saw. Raises Invalid, ChangedMeanwhile, and NotForYouToReview for
        one of them or when nothing waits.
        """
        terms = asdict(read_terms(typed))
        fee_bp = terms.pop("fee_bp")
        return await self._review(merchant_id, MerchantEvent.APPROVE, by, publishers, terms, seen, fee_bp)

    async def refuse(self, merchant_id: str, *, by: str, publishers: Collection[str], seen: str) -> MerchantRow:
        """Refuse an application. Raises as ``approve``."""
        return await self._review(merchant_id, MerchantEvent.REFUSE, by, publishers, {}, seen)

    async def find(self, merchant_id: str) -> MerchantRow | None:
        """A merchant, if it was written down; a mini-app's own has the mini-app's id."""
        async with self.services.database.transaction() as session:
            return await store.find(session, merchant_id)

    async def of_app(self, app_id: str) -> Sequence[MerchantRow]:
        """The merchants of a mini-app, its own first."""
        async with self.services.database.transaction() as session:
            return await store.of_app(session, app_id)

    async def all(self) -> Sequence[MerchantRow]:
        """Every merchant, those that wait first."""
        async with self.services.database.transaction() as session:
            return await store.all_(session)

    def account(self, row: MerchantRow) -> str:
        """The payout account in clear: for the bank only, never for a page."""
        return self.services.keyring.decrypt(row.account_sealed, bound_to=f"merchant:{row.id}")

    def _row(self, app_id: str, code: str, application: Application, by: str, *, sub: bool = False) -> MerchantRow:
        """An application as a row. Raises Invalid."""
        faults = {name: FAULTS[name] for name in application.wrong()}
        if (sub or code != SELF) and not is_code(code):
            faults["code"] = FAULTS["code"]
        if faults:
            raise Invalid("the application has faults", faults)
        id_ = id_of(app_id, code)
        return MerchantRow(
            id=id_,
            app_id=app_id,
            code=code,
            legal_name=application.legal_name,
            credit_code=application.credit_code,
            bank=application.bank,
            account_sealed=self.services.keyring.encrypt(application.account, bound_to=f"merchant:{id_}"),
            account_tail=application.account[-4:],
            state=MerchantState.APPLIED,
            applicant=by,
            changed_at=self.services.clock.now(),
        )

    def _told(self, row: MerchantRow) -> Application:
        return Application(row.legal_name, row.credit_code, row.bank, self.account(row))

    async def _review(
        self,
        merchant_id: str,
        event: MerchantEvent,
        by: str,
        publishers: Collection[str],
        terms: Mapping[str, object],
        seen: str,
        fee_bp: int | None = None,
    ) -> MerchantRow:
        async with self.services.database.transaction() as session:
            row = await store.find(session, merchant_id)
            if row is None:
                raise NoSuchMerchant(merchant_id)
            if mark(row) != seen:
                raise ChangedMeanwhile(merchant_id)
            now, sealed = self.services.clock.now(), row.account_sealed
            if by in publishers or not await store.review(session, merchant_id, event, by, sealed, now, **terms):
                raise NotForYouToReview(merchant_id)
            if fee_bp is not None:
                await self._agree_fee(session, merchant_id, fee_bp, by)
            decided = await store.find(session, merchant_id)
        assert decided is not None
        return decided

    async def _agree_fee(self, session: AsyncSession, merchant_id: str, fee_bp: int, by: str) -> None:
        """Write the fee of all channels down where it is another: the first counts always, a later one from today."""
        now = self.services.clock.now()
        known = [row for row in await store.fees(session, merchant_id) if row.channel == ANY]
        if known and known[0].fee_bp == fee_bp:
            return
        from_day = now.astimezone(CHINA).date() if known else BEGINNING
        row = MerchantFeeRow(
            merchant_id=merchant_id, channel=ANY, from_day=from_day, fee_bp=fee_bp, agreed_by=by, agreed_at=now
        )
        await store.add_fee(session, row)


def mark(row: MerchantRow) -> str:
    """What tells one application from the next: the seal of its account, which is another each time."""
    return sha256(row.account_sealed.encode()).hexdigest()[:16]
