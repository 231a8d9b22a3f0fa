"""The manifest as frozen values: what a mini-app says of itself before anyone runs it."""

import string
from enum import StrEnum
from typing import Annotated

from packaging.specifiers import SpecifierSet
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.manifest.category import Category
from yimen_sdk.manifest.kinds import BAD_PLACE, BAD_TITLE, OTHER_PLACES, UNPAIRED_BRACE, Unfit
from yimen_sdk.manifest.names import (
    AppId,
    Contact,
    EventName,
    FilePath,
    HostName,
    Kept,
    Licence,
    PagePath,
    Region,
    ScopeName,
    Slug,
    VersionRange,
)

MAX_TITLE = 30
"""Characters of a title: what one line of a phone shows."""
MAX_ITEMS = 100
"""Entries in one list of the manifest; a list longer than this is nothing a person reviews."""


def _one_line(text: Bilingual) -> Bilingual:
    for words in (text.zh, text.en):
        if len(words) > MAX_TITLE or not words.isprintable():
            raise Unfit(BAD_TITLE, value=words, most=MAX_TITLE)
    return text


Title = Annotated[Bilingual, AfterValidator(_one_line)]
Keyword = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Audience(StrEnum):
    """Who a mini-app is made for."""

    RESIDENTS = "residents"
    """People with an account."""
    VISITORS = "visitors"
    """People passing through, also without an account."""
    ELDERS = "elders"
    """Elderly people, often with a child acting for them."""
    BUSINESSES = "businesses"
    """Sole traders and companies."""


class Side(StrEnum):
    """Which half of a mini-app talks to a network host."""

    SERVER = "server"
    """The release process, through the host's egress proxy."""
    PAGE = "page"
    """The page in the resident's browser; the content security policy lets it through."""


class ScopeRequest(_Part):
    """A scope this mini-app asks for, and what it tells the resident when it asks."""

    name: ScopeName
    reason: Bilingual
    optional: bool = Field(False, description="true: the mini-app is useful without it")


class Icon(_Part):
    """A picture of the mini-app, a file of its package."""

    src: FilePath
    sizes: Annotated[str, StringConstraints(pattern=r"^(any|[1-9][0-9]*x[1-9][0-9]*)$")] = "any"
    label: Bilingual | None = None


class Page(_Part):
    """An entry page that the portal and search may link to; the first one opens."""

    path: PagePath
    title: Title | None = None


class ServiceItem(_Part):
    """A service item 事项 of the department's catalogue that this mini-app handles."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    title: Title
    path: PagePath


class NetworkHost(_Part):
    """A host on the network that the mini-app needs, and why."""

    host: HostName
    reason: Bilingual
    used_by: Annotated[tuple[Side, ...], Field(min_length=1)] = (Side.SERVER,)


class NoticeTemplate(_Part):
    """A notice 通知 that the mini-app may send: fixed words with named places, such as `{amount}`."""

    id: Slug
    title: Title
    text: Bilingual

    @property
    def places(self) -> frozenset[str]:
        """The names to fill in when the notice is sent."""
        return _places(self.text.zh)

    @model_validator(mode="after")
    def _same_places_in_both_languages(self) -> "NoticeTemplate":
        zh, en = _places(self.text.zh), _places(self.text.en)
        if zh != en:
            raise Unfit(OTHER_PLACES, zh=sorted(zh), en=sorted(en))
        return self


def _places(template: str) -> frozenset[str]:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise Unfit(UNPAIRED_BRACE, value=template) from error
    names = {name for _, name, form, conversion in parts if name is not None and not form and not conversion}
    if any(form or conversion for _, _, form, conversion in parts) or not all(n.isidentifier() for n in names):
        raise Unfit(BAD_PLACE, value=template)
    return frozenset(names)


class KeptData(_Part):
    """A kind of data the mini-app keeps, what for, and for how long."""

    id: Slug
    what: Bilingual
    purpose: Bilingual
    kept: Kept


class ManifestFile(_Part):
    """What `miniapp.toml` holds."""

    id: AppId = Field(description="a DNS label; it becomes the origin")
    title: Title
    category: Category
    sdk: VersionRange = Field(description="the SDK versions it works with, such as '>=1.0,<2'")
    description: Bilingual | None = None
    department: Bilingual | None = Field(None, description="the department that answers for the service")
    audience: Annotated[tuple[Audience, ...], Field(min_length=1)] = (Audience.RESIDENTS,)
    regions: Annotated[tuple[Region, ...], Field(max_length=MAX_ITEMS)] = Field(
        (), description="GB/T 2260 codes where it serves; empty: everywhere"
    )
    keywords: Annotated[tuple[Keyword, ...], Field(max_length=20)] = ()
    icons: Annotated[tuple[Icon, ...], Field(max_length=10)] = ()
    pages: Annotated[tuple[Page, ...], Field(min_length=1, max_length=MAX_ITEMS)] = (Page(path="/"),)
    service_items: Annotated[tuple[ServiceItem, ...], Field(max_length=MAX_ITEMS)] = ()
    scopes: Annotated[tuple[ScopeRequest, ...], Field(max_length=MAX_ITEMS)] = ()
    network: Annotated[tuple[NetworkHost, ...], Field(max_length=20)] = ()
    notices: Annotated[tuple[NoticeTemplate, ...], Field(max_length=MAX_ITEMS)] = ()
    events: Annotated[tuple[EventName, ...], Field(max_length=MAX_ITEMS)] = Field(
        (), description="the events it listens to, such as 'yimen.payment.settled'"
    )
    data: Annotated[tuple[KeptData, ...], Field(max_length=MAX_ITEMS)] = Field(
        (), description="what it keeps; `data = []` says that it keeps nothing"
    )
    contact: Contact | None = Field(None, description="where residents ask")
    complaint: Contact | None = Field(None, description="where residents complain")
    licence: Licence | None = Field(None, description="an SPDX expression")


class Manifest(ManifestFile):
    """The manifest of one release: the file, and what its distribution says."""

    distribution: str | None = None
    version: str | None = None
    module: str | None = Field(None, description="what the entry point in group yimen.miniapps names")

    @property
    def scope_names(self) -> frozenset[str]:
        """The scopes asked for, required and optional."""
        return frozenset(scope.name for scope in self.scopes)

    def hosts(self, side: Side) -> tuple[str, ...]:
        """Return the network hosts that one side needs, as declared."""
        return tuple(entry.host for entry in self.network if side in entry.used_by)

    def notice(self, notice_id: str) -> NoticeTemplate | None:
        """Return a notice template by its id."""
        return next((template for template in self.notices if template.id == notice_id), None)

    def works_with(self, sdk_version: str) -> bool:
        """Tell whether this release runs on an SDK version."""
        return SpecifierSet(self.sdk).contains(sdk_version, prereleases=True)
