"""Imports every feature's tables, so that the metadata is whole. For migrations and their check only."""

import yimen_registry.apps.models
import yimen_registry.log.models
import yimen_registry.publishers.models
import yimen_registry.releases.models
import yimen_registry.submissions.models
import yimen_registry.tokens.models
import yimen_registry.uploads.models  # noqa: F401
from yimen_registry.database import Table

metadata = Table.metadata
