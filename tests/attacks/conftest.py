"""Attacks on the host use the host's own fixtures."""

from tests.host.conftest import clock, services

__all__ = ["clock", "services"]
