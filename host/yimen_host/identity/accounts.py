"""Accounts: signing up by phone, signing in, and binding an account to a natural person."""

import datetime as dt
import hmac
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.services import Services
from yimen_host.identity import codes, passwords, store
from yimen_host.identity.errors import AlreadyVerified, CodeLimit, FieldError, PhoneTaken
from yimen_host.identity.idnumber import id_number
from yimen_host.identity.models import CodeRow, PasswordRow, ResidentRow
from yimen_host.identity.phones import phone_number
from yimen_host.identity.realname import Claim, RealNameAuthority, person_name, refusal

SIGN_IN = "sign_in"
PAYMENT = "payment"


@runtime_checkable
class Sender(Protocol):
    """Sends text messages: an extension of the operator (hook ``yimen_senders``)."""

    async def send(self, phone: str, text: str) -> None:
        """Send one message to one number."""
        ...


@dataclass(frozen=True)
class Account:
    """An account, opened: what its owner may read of it."""

    id: str
    phone: str
    name: str | None
    id_number: str | None
    region: str | None
    assurance: int
    roles: frozenset[str]

    @property
    def display_name(self) -> str:
        """The verified name, else the masked phone number."""
        return self.name or f"{self.phone[:3]}****{self.phone[-4:]}"


class Accounts:
    """The doors into an account. Each is one transaction or a few; none leaves half a change."""

    def __init__(self, services: Services, authority: RealNameAuthority, sender: Sender) -> None:
        self._services = services
        self.authority = authority
        self._sender = sender

    async def send_code(self, typed_phone: str, purpose: str) -> str:
        """Send a one-time code and tell the flow's id. Raises FieldError and CodeLimit."""
        phone = phone_number(typed_phone)
        now = self._services.clock.now()
        phone_hash = self._services.keyring.fingerprint("phone", phone)
        flow, code = self._services.ids.new("code"), codes.new_code()
        async with self._services.database.transaction() as session:
            if await store.codes_since(session, phone_hash, now - codes.PAUSE):
                raise CodeLimit("验证码刚刚发送过，请一分钟后再试")
            if await store.codes_since(session, phone_hash, now - codes.DAY) >= codes.A_DAY:
                raise CodeLimit("今天发送的验证码太多了，请明天再试")
            await store.add_code(
                session,
                CodeRow(
                    id=flow,
                    phone_hash=phone_hash,
                    phone_sealed=self._services.keyring.encrypt(phone, bound_to=flow),
                    purpose=purpose,
                    code_hash=self._services.keyring.fingerprint(f"code:{flow}", code),
                    created_at=now,
                    expires_at=now + codes.LIFE,
                ),
            )
        await self._sender.send(phone, f"【一门】验证码 {code}，10分钟内有效。请勿告诉他人。")
        return flow

    async def phone_of(self, flow: str) -> str | None:
        """The phone number that a code was sent to."""
        async with self._services.database.transaction() as session:
            row = await store.code(session, flow)
        return self._services.keyring.decrypt(row.phone_sealed, bound_to=flow) if row else None

    async def sign_up(self, flow: str, typed_code: str, typed_password: str) -> str:
        """Make an account and tell its id. Raises FieldError and PhoneTaken."""
        password_hash = await passwords.hashed(passwords.good_password(typed_password))
        phone = await self._use_code(flow, typed_code)
        now = self._services.clock.now()
        resident_id = self._services.ids.new("res")
        async with self._services.database.transaction() as session:
            added = await store.add_resident(
                session,
                ResidentRow(
                    id=resident_id,
                    phone_hash=self._services.keyring.fingerprint("phone", phone),
                    phone_sealed=self._services.keyring.encrypt(phone, bound_to=resident_id),
                    created_at=now,
                ),
            )
            if not added:
                raise PhoneTaken("这个手机号已经注册过，请直接登录")
            await store.set_password(
                session, PasswordRow(resident_id=resident_id, kind=SIGN_IN, hash=password_hash, changed_at=now)
            )
        return resident_id

    async def sign_in(self, typed_phone: str, typed_password: str) -> str:
        """Tell the account of a phone number and password. Raises FieldError, the same for each kind of wrong."""
        phone = phone_number(typed_phone)
        wrong = FieldError("password", "手机号或密码不正确")
        async with self._services.database.transaction() as session:
            row = await store.resident_by_phone(session, self._services.keyring.fingerprint("phone", phone))
        if row is None:
            await passwords.hashed(typed_password)  # take as long as for an account that exists
            raise wrong
        if not await self.check_password(row.id, SIGN_IN, typed_password):
            raise wrong
        return row.id

    async def check_password(self, resident_id: str, kind: str, typed: str) -> bool:
        """Whether a typed password is right. Raises FieldError while it is locked; every try is counted first."""
        async with self._services.database.transaction() as session:
            row = await store.password(session, resident_id, kind)
            if row is None:
                return False
            now = self._services.clock.now()
            if not await store.begin_try(session, row, now=now, tries=passwords.TRIES, pause=passwords.PAUSE):
                raise FieldError("password", "输错次数太多，请15分钟后再试")
        right = await passwords.matches(row.hash, typed)
        if right:
            async with self._services.database.transaction() as session:
                await store.end_failures(session, row)
        return right

    async def set_password(self, resident_id: str, kind: str, password: str) -> None:
        """Set or replace a password that was found good."""
        hash_ = await passwords.hashed(password)
        async with self._services.database.transaction() as session:
            row = PasswordRow(resident_id=resident_id, kind=kind, hash=hash_, changed_at=self._services.clock.now())
            await store.set_password(session, row)

    async def has_password(self, resident_id: str, kind: str) -> bool:
        """Whether a password of this kind was set."""
        async with self._services.database.transaction() as session:
            return await store.password(session, resident_id, kind) is not None

    async def verify(self, resident_id: str, typed_name: str, typed_number: str) -> None:
        """Bind an account to a natural person (assurance level 1).

        Raises FieldError for a wrong form, a mismatch or a person who already has another account, AlreadyVerified.
        """
        name = person_name(typed_name)
        number = id_number(typed_number, today=self._today())
        wrong = refusal(await self.authority.check(Claim(name, number)))
        if wrong is not None:
            raise wrong
        seal = self._services.keyring.encrypt
        values: dict[str, object] = {
            "person_hash": self._services.keyring.fingerprint("person", number.value),
            "name_sealed": seal(name, bound_to=f"{resident_id}:name"),
            "id_number_sealed": seal(number.value, bound_to=f"{resident_id}:id_number"),
            "region": number.region,
            "assurance": 1,
            "verified_at": self._services.clock.now(),
        }
        async with self._services.database.transaction() as session:
            try:
                bound = await store.bind_person(session, resident_id, values)
            except IntegrityError as error:
                if not store.is_taken(error, "person_hash"):
                    raise
                raise FieldError("id_number", "这个身份证号已经绑定了另一个账号，请用那个账号登录") from None
        if not bound:
            raise AlreadyVerified("这个账号已经完成实名认证")

    async def account(self, resident_id: str) -> Account | None:
        """An account with its sealed fields opened, for its owner."""
        async with self._services.database.transaction() as session:
            return await self.open(session, resident_id)

    async def open(self, session: AsyncSession, resident_id: str) -> Account | None:
        """The same, inside a transaction."""
        row = await store.resident(session, resident_id)
        if row is None:
            return None
        unseal = self._services.keyring.decrypt
        return Account(
            id=row.id,
            phone=unseal(row.phone_sealed, bound_to=row.id),
            name=unseal(row.name_sealed, bound_to=f"{row.id}:name") if row.name_sealed else None,
            id_number=unseal(row.id_number_sealed, bound_to=f"{row.id}:id_number") if row.id_number_sealed else None,
            region=row.region,
            assurance=row.assurance,
            roles=await store.roles(session, row.id),
        )

    async def _use_code(self, flow: str, typed: str) -> str:
        now = self._services.clock.now()
        async with self._services.database.transaction() as session:
            if not await store.count_code_try(session, flow, now=now, tries=codes.TRIES):
                raise FieldError("code", "验证码已失效，请重新获取")
            row = await store.code(session, flow)
            assert row is not None
        if not hmac.compare_digest(row.code_hash, self._services.keyring.fingerprint(f"code:{flow}", typed.strip())):
            raise FieldError("code", "验证码不正确")
        async with self._services.database.transaction() as session:
            if not await store.use_code(session, flow, now=now):
                raise FieldError("code", "验证码已失效，请重新获取")
        return self._services.keyring.decrypt(row.phone_sealed, bound_to=flow)

    def _today(self) -> dt.date:
        return self._services.clock.now().astimezone(dt.timezone(dt.timedelta(hours=8))).date()
