"""What is said is said again in either language, from what was kept of it."""

import pytest

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.saying import MAX_VALUE, Kind, Said

LATE = Kind("late", Bilingual(zh="{name} 晚了 {days} 天", en="{name} is {days} days late"))


def test_it_is_said_again_in_either_language() -> None:
    said = LATE.said(name="tea", days=3)

    assert said == Said(message="tea is 3 days late", code="late", values={"name": "tea", "days": "3"})
    assert [LATE.tell(said, language) for language in ("zh-CN", "en")] == ["tea 晚了 3 天", "tea is 3 days late"]


def test_values_are_cut_and_what_cannot_be_seen_is_written_out() -> None:
    said = LATE.said(name="{days}\0\x1b[2J\u202e\ud800", days="9" * 1_000)

    assert said.values == {"name": r"{days}\x00\x1b[2J\u202e\ud800", "days": "9" * (MAX_VALUE - 1) + "…"}
    assert LATE.tell(said, "zh") == rf"{{days}}\x00\x1b[2J\u202e\ud800 晚了 {'9' * (MAX_VALUE - 1)}… 天"


def test_what_was_said_with_other_values_stays_as_it_was() -> None:
    said = Said(message="tea is late", code="late", values={"name": "tea"})

    assert LATE.tell(said, "zh") == "tea is late"


def test_other_values_than_its_places_are_refused() -> None:
    with pytest.raises(ValueError, match="late takes in \\['days', 'name'\\], not \\['name'\\]"):
        LATE.said(name="tea")


def test_the_languages_take_in_the_same_values() -> None:
    with pytest.raises(ValueError, match="other values in Chinese"):
        Kind("late", Bilingual(zh="{name} 晚了", en="late"))
