"""Who is paid: codes are checked, accounts are sealed, and nobody approves their own."""

import pytest
from sqlalchemy import text
from tests.host.payments.merchants.forms import TERMS, WHO

from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.payments.merchants.errors import ChangedMeanwhile, NotForYouToReview
from yimen_host.payments.merchants.register import Register, mark
from yimen_sdk.creditcode import check_character, is_credit_code


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91330100799655058B", "9144030071526726XG"])
def test_real_credit_codes_are_right_and_no_neighbour_is(code: str) -> None:
    body = code[:17]

    assert is_credit_code(code)
    assert [c for c in "0123456789ABCDEFGHJKLMNPQRTUWXY" if is_credit_code(body + c)] == [check_character(body)]


async def test_an_account_is_sealed(services: Services) -> None:
    register = Register(services)

    row = await register.apply("tea", WHO, by="ann")

    assert (register.account(row), row.account_tail) == ("6222020200112233", "2233")
    async with services.database.transaction() as session:
        stored = await session.scalar(text("SELECT merchant::text FROM merchant"))
    assert "6222020200112233" not in str(stored)


async def test_every_fault_is_told_at_once(services: Services) -> None:
    with pytest.raises(Invalid) as refused:
        await Register(services).apply("tea", {"credit_code": "91350100M000100Y44", "account": "abc"}, by="ann")

    assert sorted(refused.value.faults) == ["account", "bank", "credit_code", "legal_name"]


async def test_neither_applicant_nor_their_publisher_approves(services: Services) -> None:
    register = Register(services)
    applied = await register.apply("tea", WHO, by="ann")

    for by, publishers in (("ann", set[str]()), ("bob", {"ann", "bob"})):
        with pytest.raises(NotForYouToReview):
            await register.approve("tea", TERMS, by=by, publishers=publishers, seen=mark(applied))

    row = await register.approve("tea", TERMS, by="eve", publishers={"ann", "bob"}, seen=mark(applied))
    assert (row.state, row.reviewer, row.kind, row.regions) == ("approved", "eve", "life", ["520100"])


async def test_a_changed_account_is_reviewed_again(services: Services) -> None:
    register = Register(services)
    applied = await register.apply("tea", WHO, by="ann")
    await register.approve("tea", TERMS, by="eve", publishers={"ann"}, seen=mark(applied))

    row = await register.apply("tea", {**WHO, "account": "99998888"}, by="ann")

    found = await register.find("tea")
    assert found is not None
    assert (row.account_tail, found.state, found.reviewer, found.reserve_bp) == ("8888", "applied", None, 1000)


async def test_an_account_changed_under_the_reviewers_eyes_is_not_approved(services: Services) -> None:
    register = Register(services)
    seen = mark(await register.apply("tea", WHO, by="ann"))
    await register.apply("tea", {**WHO, "account": "99998888"}, by="ann")

    with pytest.raises(ChangedMeanwhile):
        await register.approve("tea", TERMS, by="eve", publishers={"ann"}, seen=seen)

    found = await register.find("tea")
    assert found is not None
    assert found.state == "applied"
