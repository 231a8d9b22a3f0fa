"""The reference page carries the tables of the code."""

from pathlib import Path

from yimen_registry.states import markdown
from yimen_registry.wheel.advice import ADVICE
from yimen_registry.wheel.refusal import WheelRule

PAGE = Path(__file__).parents[2] / "docs/reference/registry.md"


def test_the_reference_ends_with_the_tables_of_the_code() -> None:
    assert PAGE.read_text("utf-8").endswith(markdown() + "\n")


def test_every_rule_of_a_wheel_says_what_it_forbids() -> None:
    rows = [line for line in markdown().splitlines() if line.startswith("| `") and "." in line.split("`")[1]]

    assert [row.split("`")[1] for row in rows] == [rule.value for rule in WheelRule]
    assert all(row.split(" | ")[1].endswith(".") for row in rows)


def test_every_rule_of_a_wheel_says_what_to_change() -> None:
    assert set(ADVICE) == set(WheelRule)
