"""Attacks on the host use the host's own fixtures."""

from tests.host.conftest import clock, migrated, migrated_url, services

__all__ = ["clock", "migrated", "migrated_url", "services"]
