"""What every feature of the host is handed: the few things that must be one for the whole process."""

from dataclasses import dataclass

from yimen_host.core.clock import Clock
from yimen_host.core.database import Database
from yimen_host.core.ids import Ids
from yimen_host.core.keyring import Keyring
from yimen_host.settings import Settings


@dataclass(frozen=True)
class Services:
    """Settings, database, keys, clock and ids of one host process."""

    settings: Settings
    database: Database
    keyring: Keyring
    clock: Clock
    ids: Ids
