"""Problem documents become the errors they describe."""

from typing import Any

import pytest

from yimen_sdk import ConsentRequired, InvalidRequest, Refused, YimenError
from yimen_sdk.errors import from_problem

CODES = ["not_found", "sign_in_required", "scope_not_declared", "try_later", "unknown"]


def kinds(of: type[YimenError] = YimenError) -> list[type[YimenError]]:
    """The error and all below it."""
    return [of, *(kind for child in of.__subclasses__() if child.__module__ == of.__module__ for kind in kinds(child))]


@pytest.mark.parametrize("code", CODES)
def test_a_known_code_is_its_own_error(code: str) -> None:
    error = from_problem(400, {"code": code, "detail": "order ord_1 is away"})

    assert (type(error).code, error.message) == (code, "order ord_1 is away")


def test_missing_consent_names_the_scope() -> None:
    error = from_problem(403, {"code": "consent_required", "scope": "payments.order"})

    assert isinstance(error, ConsentRequired)
    assert (error.scope, error.message) == ("payments.order", "the resident has not granted payments.order")


@pytest.mark.parametrize("problem", [{"code": "invalid_request"}, {"code": "another_body_under_this_key"}])
def test_a_malformed_request_tells_its_faults(problem: dict[str, Any]) -> None:
    error = from_problem(422, {**problem, "detail": "malformed", "faults": {"amount": "above zero", "n": 3}})

    assert isinstance(error, InvalidRequest)
    assert (error.message, error.faults) == ("malformed", {"amount": "above zero", "n": "3"})


@pytest.mark.parametrize("faults", [None, [], "amount"])
def test_faults_of_another_shape_are_left_out(faults: object) -> None:
    error = from_problem(422, {"detail": "malformed", "faults": faults})

    assert isinstance(error, InvalidRequest)
    assert error.faults == {}


@pytest.mark.parametrize(
    ("status", "code"), [(403, "refused"), (409, "refused"), (429, "refused"), (500, "try_later"), (502, "try_later")]
)
def test_an_unknown_code_is_read_by_its_status(status: int, code: str) -> None:
    error = from_problem(status, {"code": "something_new", "title": "so it is"})

    assert (type(error).code, error.message) == (code, "so it is")


def test_an_answer_without_words_still_says_something() -> None:
    assert from_problem(500, {}).message == "the platform answered 500"


def test_every_error_has_a_code_and_status_of_its_own() -> None:
    found = kinds()

    assert len({kind.code for kind in found}) == len(found)
    assert {kind for kind in found if not 400 <= kind.status < 600} == set()
    assert all(kind.__doc__ for kind in found)


def test_only_what_retrying_cannot_help_is_a_refusal() -> None:
    assert {kind.code for kind in kinds(Refused)} == {"refused", "invalid_request", "not_found"}
