"""The reference page says what the code does."""

from pathlib import Path

import pytest

from yimen_host.payments.ledger.rule import Reason, Refusal
from yimen_host.payments.states import MACHINES, markdown

PAGE = (Path(__file__).parents[3] / "docs/reference/payments.md").read_text()


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_reference_holds_the_table_of_each_machine(machine: object) -> None:
    assert markdown(machine) in PAGE  # type: ignore[arg-type]  # one of MACHINES


@pytest.mark.parametrize("reason", Reason)
def test_the_reference_tells_what_to_do_after_each_refusal(reason: Reason) -> None:
    assert f"| `{reason}` | `{Refusal('k', reason, '').retry}` |" in PAGE
