"""Imports every feature's tables, so that the metadata is whole. For migrations and their check only."""

import yimen_host.core.outbox
import yimen_host.identity.models  # noqa: F401
