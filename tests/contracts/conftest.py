"""Contracts run against the real host too."""

from tests.host.conftest import clock as clock
from tests.host.conftest import services as services
