"""The verifier: what the platform signed for us passes; everything else is nobody."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sdk.keys import NOW, Signer, claims_of, encoded, unsigned

from yimen_sdk import Resident, SignInRequired
from yimen_sdk.identity import EVENT_TOLERANCE_SECONDS, LEEWAY_SECONDS, Verifier

PLATFORM = Signer()
BODY = b'{"id": "evt_1"}'


class Hands:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.time = float(NOW)

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def verifier(clock: Hands) -> Verifier:
    return Verifier(PLATFORM.keys, "tea", now=clock)


def by_secret(secret: bytes) -> str:
    """An assertion signed with the public key as if it were a shared secret."""
    parts = [encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "k1"}, claims_of())]
    return ".".join([*parts, encoded(hmac.digest(secret, ".".join(parts).encode(), hashlib.sha256))])


def with_its_own_key() -> str:
    """An assertion that brings the key it wants to be checked with."""
    stranger = Signer()
    _, claims, _ = stranger.assertion().split(".")
    header = encoded(json.dumps({"alg": "Ed25519", "jwk": stranger.jwk}).encode())
    return f"{header}.{claims}.{encoded(stranger.private.sign(f'{header}.{claims}'.encode()))}"


def test_a_good_assertion_tells_who_is_visiting(verifier: Verifier) -> None:
    assertion = PLATFORM.assertion()

    assert verifier.resident(assertion) == Resident(
        sub="r1",
        assurance=1,
        scopes=frozenset({"identity.name", "payments.order"}),
        claims={"name": "王秀英"},
        locale="zh",
        ui="elder",
        issuer="http://portal.test",
        assertion=assertion,
    )


@pytest.mark.parametrize(
    ("assertion", "reason"),
    [
        pytest.param(Signer().assertion(), "not the platform's", id="forged-by-another-key"),
        pytest.param(Signer(kid="k2").assertion(), "not the platform's", id="unknown-key-id"),
        pytest.param(unsigned(), "not the platform's", id="alg-none"),
        pytest.param(by_secret(json.dumps(PLATFORM.jwk).encode()), "not the platform's", id="alg-confusion"),
        pytest.param(with_its_own_key(), "not the platform's", id="own-key-in-header"),
        pytest.param(PLATFORM.assertion(aud="coffee"), "another mini-app", id="other-audience"),
        pytest.param(PLATFORM.assertion(aud=["tea", "coffee"]), "another mini-app", id="many-audiences"),
        pytest.param(PLATFORM.assertion(aud=None), "not the platform's", id="no-audience"),
        pytest.param(PLATFORM.assertion(exp=None), "not the platform's", id="no-end"),
        pytest.param(PLATFORM.assertion(sub=None), "not the platform's", id="nobody"),
        pytest.param("", "not the platform's", id="empty"),
        pytest.param("a.b.c", "not the platform's", id="not-a-token"),
        pytest.param(PLATFORM.assertion(pad="x" * 8192), "too long", id="too-long"),
    ],
)
def test_what_the_platform_did_not_sign_for_us_is_refused(verifier: Verifier, assertion: str, reason: str) -> None:
    with pytest.raises(SignInRequired, match=reason):
        verifier.resident(assertion)


@pytest.mark.parametrize("claim", ["sub", "scope", "aud", "exp"])
def test_a_claim_changed_after_signing_is_refused(verifier: Verifier, claim: str) -> None:
    header, _, signature = PLATFORM.assertion().split(".")
    changed = {**claims_of(), claim: "identity.id_number" if claim != "exp" else NOW + 6000}
    forged = ".".join([header, encoded(json.dumps(changed).encode()), signature])

    with pytest.raises(SignInRequired):
        verifier.resident(forged)


def test_a_stale_assertion_is_refused_even_when_it_was_known(verifier: Verifier, clock: Hands) -> None:
    assertion = PLATFORM.assertion()
    verifier.resident(assertion)
    clock.time = NOW + 60 + LEEWAY_SECONDS
    assert verifier.resident(assertion).sub == "r1"

    clock.time += 1

    with pytest.raises(SignInRequired, match="expired"):
        verifier.resident(assertion)


def test_an_older_key_still_verifies_after_rotation() -> None:
    newer = Signer(kid="k2")
    verifier = Verifier({"keys": [PLATFORM.jwk, newer.jwk]}, "tea", now=lambda: NOW)

    assert [verifier.resident(signer.assertion()).sub for signer in (PLATFORM, newer)] == ["r1", "r1"]


def test_an_event_of_the_platform_passes_however_often(verifier: Verifier) -> None:
    headers = PLATFORM.event(BODY)

    for _ in range(2):  # at least once: the same event comes again when we did not answer
        verifier.event(BODY, headers)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(Signer().event(BODY), BODY, id="another-key"),
        pytest.param(PLATFORM.event(BODY), b'{"id": "evt_2"}', id="other-body"),
        pytest.param({**PLATFORM.event(BODY), "webhook-id": "evt_2"}, BODY, id="other-id"),
        pytest.param({**PLATFORM.event(BODY), "webhook-timestamp": str(NOW + 1)}, BODY, id="other-time"),
        pytest.param({**PLATFORM.event(BODY), "webhook-signature": ""}, BODY, id="no-signature"),
        pytest.param({**PLATFORM.event(BODY), "webhook-signature": "v1a,!!!"}, BODY, id="not-base64"),
        pytest.param({**PLATFORM.event(BODY), "webhook-signature": f"v1,{'A' * 88}"}, BODY, id="symmetric-kind"),
        pytest.param({}, BODY, id="no-headers"),
    ],
)
def test_an_event_that_was_changed_is_refused(verifier: Verifier, headers: Mapping[str, str], body: bytes) -> None:
    with pytest.raises(SignInRequired):
        verifier.event(body, headers)


@pytest.mark.parametrize("late", [EVENT_TOLERANCE_SECONDS + 1, -EVENT_TOLERANCE_SECONDS - 1])
def test_an_event_replayed_out_of_its_time_is_refused(verifier: Verifier, clock: Hands, late: int) -> None:
    headers = PLATFORM.event(BODY)
    clock.time = NOW + late

    with pytest.raises(SignInRequired, match="stale"):
        verifier.event(BODY, headers)


@given(st.text(st.characters(max_codepoint=255), max_size=24) | st.just("9" * 5000))
def test_no_timestamp_breaks_the_check(sent: str) -> None:
    verifier = Verifier(PLATFORM.keys, "tea", now=lambda: 0.0)

    with pytest.raises(SignInRequired):
        verifier.event(BODY, {"webhook-timestamp": sent})


def test_one_good_signature_among_several_is_enough(verifier: Verifier) -> None:
    headers = PLATFORM.event(BODY)
    wrong = base64.b64encode(b"0" * 64).decode()

    verifier.event(BODY, {**headers, "webhook-signature": f"v1a,{wrong} {headers['webhook-signature']}"})
