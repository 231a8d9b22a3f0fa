"""A text that residents read, in Chinese and in English. Both are always there."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

MAX_TEXT = 500
"""Characters in one language. Longer words belong on a page of the mini-app, not in its manifest."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]


class Bilingual(BaseModel):
    """One text in the two languages that every page of the platform speaks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: Words
    en: Words

    def in_(self, language: str) -> str:
        """Return the text for a language tag; whatever is not English reads Chinese."""
        return self.en if language.lower().startswith("en") else self.zh
