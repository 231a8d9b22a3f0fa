"""The manifest `miniapp.toml`: one parser, one schema, one comparison."""

from yimen_sdk.manifest.category import CATEGORY_TITLES, Category
from yimen_sdk.manifest.diff import Action, Change, ManifestDiff, diff
from yimen_sdk.manifest.fault import Fault, ManifestError
from yimen_sdk.manifest.model import (
    Audience,
    Icon,
    KeptData,
    Manifest,
    NetworkHost,
    NoticeTemplate,
    Page,
    ScopeRequest,
    ServiceItem,
    Side,
)
from yimen_sdk.manifest.parse import parse_manifest
from yimen_sdk.manifest.schema import manifest_schema
from yimen_sdk.manifest.w3c import to_w3c

__all__ = [
    "CATEGORY_TITLES",
    "Action",
    "Audience",
    "Category",
    "Change",
    "Fault",
    "Icon",
    "KeptData",
    "Manifest",
    "ManifestDiff",
    "ManifestError",
    "NetworkHost",
    "NoticeTemplate",
    "Page",
    "ScopeRequest",
    "ServiceItem",
    "Side",
    "diff",
    "manifest_schema",
    "parse_manifest",
    "to_w3c",
]
