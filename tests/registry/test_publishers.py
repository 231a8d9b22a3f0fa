"""Publishers, members, names and tokens: who may what, and what always holds."""

import asyncio
import datetime as dt

import pytest

from yimen_registry import Conflict, Invalid, NotAllowed, NotFound
from yimen_registry.apps.naming import NameNotYours, skeleton
from yimen_registry.publishers.membership import LastOwner, NameTaken, PublisherSuspended
from yimen_registry.publishers.roles import Role
from yimen_registry.publishers.store import Member
from yimen_registry.testing import Town
from yimen_registry.tokens.issue import TokenRefused


async def test_a_publisher_name_is_taken_once(town: Town) -> None:
    founding = [
        town.registry.create_publisher(name="tea-makers", title=f"{owner}", owner=owner)
        for owner in ("an", "bo", "chu", "ding")
    ]

    results = await asyncio.gather(*founding, return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["NameTaken", "NameTaken", "NameTaken", "Publisher"]
    with pytest.raises(NameTaken):
        await town.registry.create_publisher(name="tea-makers", title="x", owner="mei")


@pytest.mark.parametrize("name", ["", "ab", "-abc", "Abc", "a" * 41, "a b", "abc-"])
async def test_a_publisher_name_has_a_grammar(town: Town, name: str) -> None:
    with pytest.raises(Invalid):
        await town.registry.create_publisher(name=name, title="x", owner="mei")


async def test_only_an_owner_changes_the_members(town: Town) -> None:
    await town.registry.add_member(town.publisher.id, subject="bo", role=Role.MAINTAINER, by="mei")

    with pytest.raises(NotAllowed):
        await town.registry.add_member(town.publisher.id, subject="chu", role=Role.OWNER, by="bo")
    with pytest.raises(NotAllowed):
        await town.registry.remove_member(town.publisher.id, subject="mei", by="bo")
    with pytest.raises(NotFound):
        await town.registry.add_member(town.publisher.id, subject="chu", role=Role.OWNER, by="stranger")

    assert await town.registry.members(town.publisher.id, by="bo") == [
        Member("mei", Role.OWNER),
        Member("bo", Role.MAINTAINER),
    ]


async def test_the_last_owner_cannot_leave_nor_step_down(town: Town) -> None:
    with pytest.raises(LastOwner):
        await town.registry.remove_member(town.publisher.id, subject="mei", by="mei")
    with pytest.raises(LastOwner):
        await town.registry.add_member(town.publisher.id, subject="mei", role=Role.MAINTAINER, by="mei")

    assert await town.registry.members(town.publisher.id, by="mei") == [Member("mei", Role.OWNER)]


async def test_two_owners_who_leave_at_once_leave_one_behind(town: Town) -> None:
    await town.registry.add_member(town.publisher.id, subject="bo", role=Role.OWNER, by="mei")

    left = await asyncio.gather(
        town.registry.remove_member(town.publisher.id, subject="mei", by="mei"),
        town.registry.remove_member(town.publisher.id, subject="bo", by="bo"),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in left) == ["LastOwner", "NoneType"]


async def test_a_publisher_is_listed_to_its_members_alone(town: Town) -> None:
    assert await town.registry.publishers_of("mei") == [(town.publisher, Role.OWNER)]
    assert await town.registry.publishers_of("stranger") == []
    with pytest.raises(NotFound):
        await town.registry.tokens(town.publisher.id, by="stranger")


async def test_a_token_is_shown_once_and_kept_as_a_hash(town: Town) -> None:
    (kept,) = await town.registry.tokens(town.publisher.id, by="mei")

    assert kept == town.token
    assert town.secret.startswith("yimen-")
    assert town.secret not in repr(kept)
    assert (await town.registry.recognise(town.secret)).id == kept.id


async def test_the_use_of_a_token_is_noted(town: Town) -> None:
    used = await town.registry.recognise(town.secret)

    assert used.last_used_at == town.clock.moment


async def test_a_token_ends_by_revocation(town: Town) -> None:
    await town.registry.revoke_token(town.token.id, by="mei")

    with pytest.raises(TokenRefused):
        await town.registry.recognise(town.secret)
    with pytest.raises(Conflict):
        await town.registry.revoke_token(town.token.id, by="mei")


async def test_a_token_ends_by_time(town: Town) -> None:
    issued = await town.registry.issue_token(town.publisher.id, by="mei", name="short", life=dt.timedelta(hours=1))

    town.clock.moment += dt.timedelta(hours=1)

    with pytest.raises(TokenRefused):
        await town.registry.recognise(issued.secret)


async def test_a_token_ends_with_the_membership_of_its_maker(town: Town) -> None:
    await town.registry.add_member(town.publisher.id, subject="bo", role=Role.MAINTAINER, by="mei")
    issued = await town.registry.issue_token(town.publisher.id, by="bo", name="bo's")
    assert (await town.registry.recognise(issued.secret)).created_by == "bo"

    await town.registry.remove_member(town.publisher.id, subject="bo", by="mei")

    with pytest.raises(TokenRefused):
        await town.registry.recognise(issued.secret)


async def test_a_token_of_a_suspended_publisher_is_refused(town: Town) -> None:
    await town.registry.suspend_publisher(town.publisher.id, by="rui", reason="fraud")
    with pytest.raises(TokenRefused):
        await town.registry.recognise(town.secret)

    with pytest.raises(PublisherSuspended):
        await town.registry.issue_token(town.publisher.id, by="mei", name="x")

    await town.registry.resume_publisher(town.publisher.id, by="rui", reason="cleared")
    assert (await town.registry.recognise(town.secret)).id == town.token.id


async def test_a_stranger_ends_nobodys_token(town: Town) -> None:
    with pytest.raises(NotFound):
        await town.registry.revoke_token(town.token.id, by="stranger")


async def test_a_reserved_name_is_the_publishers(town: Town) -> None:
    other = await town.registry.create_publisher(name="others", title="others", owner="zhou")
    await town.registry.reserve(
        app_id="tea-house", distribution="yimen-tea-house", publisher_id=town.publisher.id, by="mei"
    )

    for app_id in ("tea-house", "teahouse", "tea-h0use"):
        with pytest.raises(NameNotYours):
            await town.registry.reserve(app_id=app_id, distribution=f"x-{app_id}", publisher_id=other.id, by="zhou")


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("tax-bureau", "taxbureau", True),
        ("tax-bureau", "tax-8ureau", True),
        ("mail", "rnail", True),
        ("ill", "lil", True),
        ("tea", "tee", False),
    ],
)
def test_names_are_compared_by_what_they_look_like(one: str, other: str, alike: bool) -> None:
    assert (skeleton(one) == skeleton(other)) is alike
