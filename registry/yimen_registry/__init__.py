"""The registry: publishers, uploads, checks, review, releases, and a log that an outsider can verify."""

from yimen_registry.errors import AppRemoved, Conflict, Invalid, NotAllowed, NotFound, RegistryError, ReleaseUnfit
from yimen_registry.records import ReleaseRecord, SubmissionDetail, TreeFile
from yimen_registry.registry import Registry
from yimen_registry.schema import migrate

__all__ = [
    "AppRemoved",
    "Conflict",
    "Invalid",
    "NotAllowed",
    "NotFound",
    "Registry",
    "RegistryError",
    "ReleaseRecord",
    "ReleaseUnfit",
    "SubmissionDetail",
    "TreeFile",
    "migrate",
]
