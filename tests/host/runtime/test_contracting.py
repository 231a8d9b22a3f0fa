"""What a migration may take away while other releases serve."""

import pytest

from yimen_host.runtime.contracting import refusal

ADDS = """
CREATE TABLE cup (n int); ALTER TABLE leaf ADD COLUMN weight int; -- drop table cup
ALTER TABLE leaf ALTER COLUMN weight DROP NOT NULL; INSERT INTO cup VALUES ('drop table leaf');
DROP INDEX leaf_weight; /* rename it later */
"""


@pytest.mark.parametrize("others", [[], ["1.0.0"]])
def test_adding_is_always_fine(others: list[str]) -> None:
    assert refusal(ADDS, others) == ""


@pytest.mark.parametrize(
    "taking",
    [
        "DROP TABLE cup", "drop  table if exists cup", "ALTER TABLE leaf DROP COLUMN weight",
        "ALTER TABLE leaf DROP weight", "ALTER TABLE leaf RENAME COLUMN weight TO grams",
        "ALTER TABLE leaf RENAME TO l",
        "ALTER TABLE leaf ALTER COLUMN weight TYPE text", "ALTER TABLE leaf ALTER COLUMN weight SET DATA TYPE text",
        "ALTER TABLE leaf ALTER COLUMN weight SET NOT NULL", "TRUNCATE cup", "DROP/**/TABLE cup",
    ],
)  # fmt: skip
def test_taking_away_waits_for_the_versions_that_use_it(taking: str) -> None:
    marked = f"-- unused since 2.0.0\n{taking}"

    assert refusal(taking, []) == ""
    assert refusal(taking, ["2.0.0"]).startswith("takes something away while 2.0.0 serves too")
    assert refusal(marked, ["2.0.0", "2.1.0"]) == ""
    assert refusal(marked, ["2.0.0", "1.9.0"]) == "takes away what 1.9.0 still uses; retire that first"
    assert refusal(marked, ["2.0.0rc1"]) == "takes away what 2.0.0rc1 still uses; retire that first"
