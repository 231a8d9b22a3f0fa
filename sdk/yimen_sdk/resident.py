"""The resident 居民 behind a request: what they granted, and nothing more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from yimen_sdk.errors import ConsentRequired

Look = Literal["standard", "elder", "kiosk"]
Locale = Literal["zh", "en"]


@dataclass(frozen=True)
class Actor:
    """Who acts for a resident by a mandate 代办, known by their own pairwise ``sub``. It is they who pay."""

    sub: str


@dataclass(frozen=True)
class Resident:
    """A signed-in resident, known to this mini-app alone by a pairwise ``sub``.

    When ``acting`` names somebody, they are here in this resident's place: data, scopes and claims are this
    resident's, as far as both people's rights and the mandate go; what is paid, the actor pays.

    ``assurance`` 实名等级: 0 phone · 1 name and ID number matched · 2 also face or document · 3 in person.
    ``region`` is a GB/T 2260 code of six digits, or None when not granted.
    """

    sub: str
    assurance: int = 0
    scopes: frozenset[str] = frozenset()
    claims: Mapping[str, str] = field(default_factory=dict)
    locale: Locale = "zh"
    ui: Look = "standard"
    issuer: str = ""
    assertion: str = field(default="", repr=False)
    acting: Actor | None = None

    def may(self, scope: str) -> bool:
        """Whether the resident granted a scope: ask this first where the page works without it."""
        return scope in self.scopes

    @property
    def name(self) -> str:
        """The verified name. Raises ConsentRequired unless ``identity.name`` is granted."""
        return self._claim("identity.name", "name")

    @property
    def id_number(self) -> str:
        """The 18-character ID number 公民身份号码. Raises ConsentRequired unless ``identity.id_number`` is granted."""
        return self._claim("identity.id_number", "id_number")

    @property
    def phone(self) -> str:
        """The verified phone number. Raises ConsentRequired unless ``identity.phone`` is granted."""
        return self._claim("identity.phone", "phone")

    @property
    def region(self) -> str:
        """The home region 行政区划, six digits. Raises ConsentRequired unless ``identity.region`` is granted."""
        return self._claim("identity.region", "region")

    def _claim(self, scope: str, claim: str) -> str:
        if scope not in self.scopes or claim not in self.claims:
            raise ConsentRequired(scope)
        return self.claims[claim]
