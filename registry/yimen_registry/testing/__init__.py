"""The kit for tests: wheels, good and hostile, and a registry with people in it."""

from yimen_registry.testing.town import START, Clock, Town, found_town
from yimen_registry.testing.wheels import CODE, MANIFEST, PAGE, Entry, WheelDraft, record_of, zip_bytes

__all__ = [
    "CODE",
    "MANIFEST",
    "PAGE",
    "START",
    "Clock",
    "Entry",
    "Town",
    "WheelDraft",
    "found_town",
    "record_of",
    "zip_bytes",
]
