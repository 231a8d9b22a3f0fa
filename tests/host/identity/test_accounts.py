"""Accounts: signing up, signing in, binding to a person."""

import asyncio

import pytest

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.identity.accounts import SIGN_IN, Accounts
from yimen_host.identity.errors import AlreadyVerified, CodeLimit, FieldError, PhoneTaken
from yimen_host.identity.sandbox import SandboxAuthority, population

PERSON, OTHER = population()[:2]
PASSWORD = "tea for two 2"


class Outbox:
    """A sender that remembers what it sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def send(self, phone: str, text: str) -> None:
        self.sent.append((phone, text))

    @property
    def code(self) -> str:
        return "".join(filter(str.isdigit, self.sent[-1][1]))[:6]


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def accounts(services: Services, outbox: Outbox) -> Accounts:
    return Accounts(services, SandboxAuthority(), outbox)


async def joined(accounts: Accounts, outbox: Outbox, phone: str = "13800000001") -> str:
    flow = await accounts.send_code(phone, "sign_up")
    return await accounts.sign_up(flow, outbox.code, PASSWORD)


async def test_a_newcomer_signs_up_and_signs_in(accounts: Accounts, outbox: Outbox) -> None:
    resident_id = await joined(accounts, outbox)

    assert await accounts.sign_in("+86 138-0000-0001", PASSWORD) == resident_id
    account = await accounts.account(resident_id)
    assert account is not None
    assert (account.phone, account.name, account.assurance) == ("13800000001", None, 0)


async def test_a_code_is_used_once_even_by_twenty_at_once(accounts: Accounts, outbox: Outbox) -> None:
    flow = await accounts.send_code("13800000001", "sign_up")
    code = outbox.code

    results = await asyncio.gather(*(accounts.sign_up(flow, code, PASSWORD) for _ in range(20)), return_exceptions=True)

    assert sum(isinstance(result, str) for result in results) == 1
    assert {type(result) for result in results} == {str, FieldError}


async def test_five_wrong_codes_wear_the_code_out(accounts: Accounts, outbox: Outbox) -> None:
    flow = await accounts.send_code("13800000001", "sign_up")
    wrong = "000000" if outbox.code != "000000" else "000001"
    for _ in range(5):
        with pytest.raises(FieldError, match="验证码不正确"):
            await accounts.sign_up(flow, wrong, PASSWORD)

    with pytest.raises(FieldError, match="验证码已失效"):
        await accounts.sign_up(flow, outbox.code, PASSWORD)


async def test_a_code_ends_after_ten_minutes(accounts: Accounts, outbox: Outbox, clock: ManualClock) -> None:
    flow = await accounts.send_code("13800000001", "sign_up")
    clock.advance(minutes=10)

    with pytest.raises(FieldError, match="验证码已失效"):
        await accounts.sign_up(flow, outbox.code, PASSWORD)


async def test_codes_are_sent_once_a_minute_and_ten_times_a_day(accounts: Accounts, clock: ManualClock) -> None:
    await accounts.send_code("13800000001", "sign_up")
    with pytest.raises(CodeLimit, match="一分钟"):
        await accounts.send_code("13800000001", "sign_up")
    for _ in range(9):
        clock.advance(seconds=61)
        await accounts.send_code("13800000001", "sign_up")
    clock.advance(seconds=61)

    with pytest.raises(CodeLimit, match="明天"):
        await accounts.send_code("13800000001", "sign_up")


async def test_a_phone_has_one_account(accounts: Accounts, outbox: Outbox, clock: ManualClock) -> None:
    await joined(accounts, outbox)
    clock.advance(seconds=61)

    with pytest.raises(PhoneTaken):
        await joined(accounts, outbox)


async def test_wrong_passwords_lock_the_account_for_a_while(
    accounts: Accounts, outbox: Outbox, clock: ManualClock
) -> None:
    resident_id = await joined(accounts, outbox)
    guesses = await asyncio.gather(
        *(accounts.check_password(resident_id, SIGN_IN, "wrong") for _ in range(12)), return_exceptions=True
    )
    assert sum(guess is False for guess in guesses) == 5

    with pytest.raises(FieldError, match="15分钟"):
        await accounts.sign_in("13800000001", PASSWORD)
    clock.advance(minutes=15)
    assert await accounts.sign_in("13800000001", PASSWORD) == resident_id


async def test_an_unknown_phone_and_a_wrong_password_look_the_same(accounts: Accounts, outbox: Outbox) -> None:
    await joined(accounts, outbox)

    with pytest.raises(FieldError) as unknown:
        await accounts.sign_in("13900000009", PASSWORD)
    with pytest.raises(FieldError) as wrong:
        await accounts.sign_in("13800000001", "not the password")

    assert unknown.value.faults == wrong.value.faults == {"password": "手机号或密码不正确"}


async def test_a_verified_person_is_bound_to_the_account(accounts: Accounts, outbox: Outbox) -> None:
    resident_id = await joined(accounts, outbox)

    await accounts.verify(resident_id, PERSON.name, PERSON.number)

    account = await accounts.account(resident_id)
    assert account is not None
    assert (account.name, account.id_number, account.region, account.assurance) == (
        PERSON.name, PERSON.number, PERSON.number[:6], 1,
    )  # fmt: skip
    with pytest.raises(AlreadyVerified):
        await accounts.verify(resident_id, OTHER.name, OTHER.number)


@pytest.mark.parametrize(
    ("name", "number", "faults"),
    [
        (OTHER.name, PERSON.number, {"name": "姓名与身份证号不一致，请核对姓名"}),
        (PERSON.name, "520102198506150011", {"id_number": "查无此身份证号，请核对号码"}),
        (PERSON.name, PERSON.number[:-1] + "0", {"id_number": "身份证号校验不通过，请检查是否输错了某一位"}),
    ],
)
async def test_each_kind_of_mismatch_has_its_own_words(
    accounts: Accounts, outbox: Outbox, name: str, number: str, faults: dict[str, str]
) -> None:
    resident_id = await joined(accounts, outbox)

    with pytest.raises(FieldError) as refusal:
        await accounts.verify(resident_id, name, number)

    assert refusal.value.faults == faults


async def test_one_person_has_one_account_even_in_a_race(
    accounts: Accounts, outbox: Outbox, clock: ManualClock
) -> None:
    first = await joined(accounts, outbox, "13800000001")
    second = await joined(accounts, outbox, "13800000002")

    results = await asyncio.gather(
        *(accounts.verify(resident, PERSON.name, PERSON.number) for resident in (first, second)),
        return_exceptions=True,
    )

    refusals = [result for result in results if isinstance(result, FieldError)]
    assert results.count(None) == 1
    assert [refusal.faults for refusal in refusals] == [
        {"id_number": "这个身份证号已经绑定了另一个账号，请用那个账号登录"}
    ]


async def test_what_is_stored_tells_nothing_without_the_key(
    accounts: Accounts, outbox: Outbox, services: Services
) -> None:
    resident_id = await joined(accounts, outbox)
    await accounts.verify(resident_id, PERSON.name, PERSON.number)

    async with services.database.engine.connect() as connection:
        rows = [str(tuple(row)) for row in await connection.exec_driver_sql("SELECT * FROM resident")]

    assert len(rows) == 1
    assert not any(secret in rows[0] for secret in (PERSON.name, PERSON.number, "13800000001"))
