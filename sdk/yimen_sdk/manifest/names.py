"""The small grammars of a manifest: ids, hosts, paths, regions, durations. Each refuses with plain words."""

import re
from typing import Annotated, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import AfterValidator, Field

from yimen_sdk.events import EVENTS
from yimen_sdk.manifest.kinds import (
    BAD_CONTACT,
    BAD_FILE,
    BAD_HOST,
    BAD_ID,
    BAD_LICENCE,
    BAD_PAGE,
    BAD_RANGE,
    BAD_REGION,
    BAD_SLUG,
    BAD_TIME,
    RESERVED,
    UNKNOWN_EVENT,
    UNKNOWN_SCOPE,
    Unfit,
)  # fmt: skip
from yimen_sdk.saying import Kind
from yimen_sdk.scopes import SCOPES

_RESERVED = """
account accounts admin api app apps assets auth cashier cdn console consent docs files gateway help host
id legacy localhost log login logout mail notices oauth operator pay payments platform portal registry
reviewer root scopes security shell signin simple static status support system test www yimen
"""
RESERVED_IDS = frozenset(_RESERVED.split())
"""Names that would look like the platform itself in the address bar."""

DNS_LABEL = r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
HOST_NAME = r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9](:[0-9]{1,5})?$"
PAGE_PATH = r"^/([A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?)?$"
FILE_PATH = r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"
SLUG = r"^[a-z][a-z0-9-]{0,39}$"
KEPT = r"^(P[1-9][0-9]{0,3}[DMY]|until-removed)$"
REGION = r"^(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82)[0-9]{4}$"
CONTACT = r"^(mailto:[^@\s]+@[^@\s]+\.[^@\s]+|tel:\+?[0-9-]{3,20}|https://[^\s/]+\.[^\s]+)$"
LICENCE = r"^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$"


def _written(pattern: str, unlike: Kind) -> Any:
    """Return the annotations of a text that must match; `Any` because `Annotated` takes any marker."""
    grammar = re.compile(pattern)

    def check(value: str) -> str:
        if not grammar.fullmatch(value):
            raise Unfit(unlike, value=value)
        return value

    return AfterValidator(check), Field(json_schema_extra={"pattern": pattern})


def _not_reserved(value: str) -> str:
    if value in RESERVED_IDS or value.startswith("xn--"):
        raise Unfit(RESERVED, value=value)
    return value


def _known_scope(value: str) -> str:
    if value not in SCOPES:
        raise Unfit(UNKNOWN_SCOPE, value=value)
    return value


def _known_event(value: str) -> str:
    if value not in EVENTS:
        raise Unfit(UNKNOWN_EVENT, value=value)
    return value


def _range(value: str) -> str:
    try:
        SpecifierSet(value)
    except InvalidSpecifier as error:
        raise Unfit(BAD_RANGE, value=value) from error
    return value


_id = _written(DNS_LABEL, BAD_ID)
_host = _written(HOST_NAME, BAD_HOST)
_page = _written(PAGE_PATH, BAD_PAGE)
_file = _written(FILE_PATH, BAD_FILE)
_slug = _written(SLUG, BAD_SLUG)
_kept = _written(KEPT, BAD_TIME)
_region = _written(REGION, BAD_REGION)
_contact = _written(CONTACT, BAD_CONTACT)
_licence = _written(LICENCE, BAD_LICENCE)

AppId = Annotated[str, _id[0], AfterValidator(_not_reserved), _id[1]]
HostName = Annotated[str, _host[0], _host[1]]
PagePath = Annotated[str, _page[0], _page[1]]
FilePath = Annotated[str, _file[0], _file[1]]
EventName = Annotated[str, AfterValidator(_known_event), Field(json_schema_extra={"enum": sorted(EVENTS)})]
Slug = Annotated[str, _slug[0], _slug[1]]
Kept = Annotated[str, _kept[0], _kept[1]]
Region = Annotated[str, _region[0], _region[1]]
Contact = Annotated[str, _contact[0], _contact[1]]
Licence = Annotated[str, _licence[0], _licence[1]]
ScopeName = Annotated[str, AfterValidator(_known_scope), Field(json_schema_extra={"enum": sorted(SCOPES)})]
VersionRange = Annotated[str, AfterValidator(_range)]
