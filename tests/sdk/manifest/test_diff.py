"""What changed between two manifests, and what widens."""

from typing import Any

from yimen_sdk.manifest import Action, Change, ManifestDiff, diff, parse_manifest

BASE = 'id = "tea"\ntitle = { zh = "茶", en = "Tea" }\ncategory = "life"\nsdk = ">=1.0,<2"\n'
REASON = 'reason = { zh = "好", en = "Good" }\n'
REASON_JSON = {"zh": "好", "en": "Good"}


def scope(name: str, more: str = "") -> str:
    return f'[[scopes]]\nname = "{name}"\n{REASON}{more}'


def compare(old: str, new: str) -> ManifestDiff:
    return diff(parse_manifest(BASE + old), parse_manifest(BASE + new))


def asked(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "reason": REASON_JSON, "optional": False, **more}


def test_equal_manifests_have_no_difference() -> None:
    assert compare(scope("storage"), scope("storage")) == ManifestDiff(())


def test_an_added_scope_widens_and_a_removed_one_does_not() -> None:
    found = compare(scope("storage"), scope("location"))

    assert found == ManifestDiff(
        (
            Change("scopes", "location", Action.ADDED, None, asked("location"), True),
            Change("scopes", "storage", Action.REMOVED, asked("storage"), None, False),
        )
    )
    assert found.sensitive == ("location",)


def test_an_optional_scope_that_becomes_required_widens() -> None:
    optional = scope("storage", "optional = true\n")

    assert [change.widens for change in compare(optional, scope("storage")).changes] == [True]
    assert [change.widens for change in compare(scope("storage"), optional).changes] == [False]


def test_a_new_reason_is_a_change_that_does_not_widen() -> None:
    found = compare(scope("storage"), scope("storage").replace("Good", "Better"))

    assert found.changes == (
        Change(
            "scopes",
            "storage",
            Action.CHANGED,
            asked("storage"),
            asked("storage", reason={"zh": "好", "en": "Better"}),
            False,
        ),
    )


def test_a_new_host_a_new_side_and_a_new_event_widen() -> None:
    host = f'[[network]]\nhost = "api.example.cn"\n{REASON}'
    both = host + 'used_by = ["server", "page"]\n'

    assert [change.widens for change in compare("", host).changes] == [True]
    assert [change.widens for change in compare(host, both).changes] == [True]
    assert [change.widens for change in compare(both, host).changes] == [False]
    assert compare("", 'events = ["yimen.payment.settled"]').changes == (
        Change("events", "yimen.payment.settled", Action.ADDED, None, "yimen.payment.settled", True),
    )


def test_keeping_data_longer_widens() -> None:
    def kept(time: str) -> str:
        words = '{ zh = "a", en = "b" }'
        return f'[[data]]\nid = "bills"\nwhat = {words}\npurpose = {words}\nkept = "{time}"\n'

    assert [change.widens for change in compare(kept("P90D"), kept("P1Y")).changes] == [True]
    assert [change.widens for change in compare(kept("P1Y"), kept("P6M")).changes] == [False]
    assert [change.widens for change in compare(kept("P1Y"), kept("until-removed")).changes] == [True]


def test_everything_of_a_first_release_is_added() -> None:
    found = diff(None, parse_manifest(BASE + scope("identity.id_number")))

    assert {change.action for change in found.changes} == {Action.ADDED}
    assert [(change.field, change.name) for change in found.widening] == [("scopes", "identity.id_number")]
    assert found.sensitive == ("identity.id_number",)
