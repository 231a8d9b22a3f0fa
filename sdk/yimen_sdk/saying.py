"""What developers and reviewers are told: a code that stays, with words in both languages. Knows no single kind."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from string import Formatter

from pydantic import BaseModel, ConfigDict

from yimen_sdk.bilingual import Bilingual

MAX_VALUE = 200
"""Characters of one value: it names the thing; a hostile file could have attributes of a megabyte."""


class Said(BaseModel):
    """Something that was said, as it travels and is kept: any language can be made of its code and values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message: str
    """In English, for programs, and for whoever does not know the code."""
    code: str = ""
    """A kind's; empty in what was kept before there were codes."""
    values: dict[str, str] = {}


@dataclass(frozen=True)
class Kind:
    """One kind of thing that can be said. `{places}` in its words take in the values."""

    code: str
    """A word to search for; it never changes its meaning."""
    told: Bilingual
    advice: Bilingual | None = None
    """What to change, where it differs from what the rule advises."""
    places: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        places = _places(self.told.zh)
        if places != _places(self.told.en):
            raise ValueError(f"{self.code} takes in other values in Chinese than in English")
        object.__setattr__(self, "places", places)

    def said(self, **values: object) -> Said:
        """Say it of these values, cut to `MAX_VALUE` characters, with what cannot be seen written out."""
        texts = {name: _plain(str(value)) for name, value in values.items()}
        if texts.keys() != self.places:
            raise ValueError(f"{self.code} takes in {sorted(self.places)}, not {sorted(texts)}")
        return Said(message=self.told.en.format_map(texts), code=self.code, values=texts)

    def tell(self, said: Said, language: str) -> str:
        """Say again, in a language, what was said; as it was said where it had other values then."""
        if said.values.keys() != self.places:
            return said.message
        return self.told.in_(language).format_map(said.values)


class Catalogue:
    """Kinds by their codes: what was said is told again by the kind that said it."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.kinds: dict[str, Kind] = {}
        for kind in kinds:
            if self.kinds.setdefault(kind.code, kind) != kind:
                raise ValueError(f"{kind.code} means two things")

    def tell(self, said: Said, language: str) -> str:
        """Say it in a language; as it was said where its code is not known here (any more)."""
        kind = self.kinds.get(said.code)
        return kind.tell(said, language) if kind else said.message

    def advice_on(self, said: Said) -> Bilingual | None:
        """Return what to change about this kind alone."""
        kind = self.kinds.get(said.code)
        return kind.advice if kind else None


def _places(words: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(words) if name)


def _plain(text: str) -> str:
    """Cut it, and write out what cannot be seen: a NUL breaks the database, an escape the terminal."""
    short = text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in short)
