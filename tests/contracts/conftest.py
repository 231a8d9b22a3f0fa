"""Contracts run against the real host too."""

from tests.host.conftest import clock as clock
from tests.host.conftest import migrated as migrated
from tests.host.conftest import migrated_url as migrated_url
from tests.host.conftest import services as services
