"""Reads aloud, in the reader's language, what the supervisor says of layers and releases."""

from collections.abc import Sequence

from yimen_host.runtime.complaints import COMPLAINTS
from yimen_host.runtime.sandbox.reasons import REASONS
from yimen_sdk.saying import Catalogue, Said

CATALOGUE = Catalogue((*REASONS, *COMPLAINTS))
_BETWEEN = {"zh": "：", "en": ": "}


def tell(why: Sequence[Said], language: str) -> str:
    """Say a complaint with what caused it."""
    between = _BETWEEN["en" if language.startswith("en") else "zh"]
    return between.join(CATALOGUE.tell(said, language) for said in why)


def advise(why: Sequence[Said], language: str) -> str:
    """Return what to change, by the last cause that has an advice; empty where none has."""
    advices = (CATALOGUE.advice_on(said) for said in reversed(why))
    return next((advice.in_(language) for advice in advices if advice), "")
