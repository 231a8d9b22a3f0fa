"""The environment of a release, read once."""

import json
from pathlib import Path

import pytest
from tests.sdk.keys import NOW, Signer

from yimen_sdk import Surroundings
from yimen_sdk.remote import RemoteHost

PLATFORM = Signer()
ENVIRONMENT = {
    "YIMEN_APP_ID": "tea",
    "YIMEN_APP_VERSION": "1.2.0",
    "YIMEN_APP_PUBLIC_URL": "http://tea.localhost:8080",
    "YIMEN_HOST_URL": "http+unix:///run/host.sock",
    "YIMEN_HOST_KEYS": json.dumps(PLATFORM.keys),
    "YIMEN_PORTAL_URL": "http://localhost:8080",
}


def test_the_variables_become_values() -> None:
    found = Surroundings.from_environment(
        {**ENVIRONMENT, "YIMEN_APP_DATABASE_URL": "postgresql:///x", "YIMEN_APP_DATA": "/data"}
    )

    assert (found.app_id, found.version, found.public_url, found.portal_url, found.database_url, found.data) == (
        "tea", "1.2.0", "http://tea.localhost:8080", "http://localhost:8080", "postgresql:///x", Path("/data"),
    )  # fmt: skip
    assert isinstance(found.connect(None), RemoteHost)


def test_its_verifier_takes_assertions_for_this_mini_app_alone() -> None:
    verifier = Surroundings.from_environment(ENVIRONMENT).verifier

    assert verifier.resident(PLATFORM.assertion(exp=NOW + 10**9)).sub == "r1"


def test_a_database_and_a_directory_may_be_missing() -> None:
    found = Surroundings.from_environment(ENVIRONMENT)

    assert (found.database_url, found.data) == (None, None)


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(RuntimeError) as refusal:
        Surroundings.from_environment({**ENVIRONMENT, "YIMEN_APP_ID": "", "YIMEN_HOST_KEYS": ""})

    assert str(refusal.value) == (
        "not started by a Yimen host: YIMEN_APP_ID, YIMEN_HOST_KEYS missing from the environment"
    )


def test_the_database_address_is_not_shown_in_logs() -> None:
    found = Surroundings.from_environment({**ENVIRONMENT, "YIMEN_APP_DATABASE_URL": "postgresql://app:secret@/x"})

    assert "secret" not in repr(found)
