"""What one process has counted since it began: values, and where they are read. Nothing is counted twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import TypeAdapter
from sqlalchemy.pool import QueuePool

from yimen_host.core.database import Database
from yimen_host.notices.inbox import Inbox
from yimen_host.payments.ledger.writer import Writer
from yimen_host.runtime.connections import Connections
from yimen_host.runtime.gateway.traffic import Tally, Traffic
from yimen_host.runtime.quotas import Quotas
from yimen_host.runtime.reaper import Reaper
from yimen_host.runtime.surveyor import Kept, Surveyor

ByApp = Mapping[str, int]


@dataclass(frozen=True)
class WebSockets:
    """One mini-app's; see the gateway's."""

    open: int = 0
    opened: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Served:
    """One mini-app's requests; see the gateway's tally."""

    classes: tuple[int, ...]
    times: tuple[int, ...]
    seconds: float
    sockets: WebSockets = WebSockets()

    @classmethod
    def of(cls, tally: Tally) -> Self:
        """What was counted until now."""
        sockets = WebSockets(tally.sockets.open, tally.sockets.opened, tally.sockets.refused)
        return cls(tuple(tally.classes), tuple(tally.times), tally.seconds, sockets)


@dataclass(frozen=True)
class Ledger:
    """What the ledger's writer wrote, and what waits for it now."""

    batches: int
    written: int
    queued: int


@dataclass(frozen=True)
class Pool:
    """A process's connections to the database."""

    used: int
    idle: int
    most: int


@dataclass(frozen=True)
class Counts:
    """One process's."""

    process: str
    ledger: Ledger
    pool: Pool
    traffic: Mapping[str, Served] = field(default_factory=dict)
    refusals: Mapping[str, ByApp] = field(default_factory=dict)
    """By quota."""
    failed_calls: Mapping[str, ByApp] = field(default_factory=dict)
    """Calls to other services, by the error's code."""
    kept: Mapping[str, Kept] = field(default_factory=dict)
    """In the database, by mini-app; of the one process that measures it."""
    has_unread_quotas: bool = False
    """Whether the operator's file has a fault, and the limits before it go on."""

    def refused(self) -> Iterator[tuple[str, str, int]]:
        """Each mini-app, quota and how often it was over it."""
        for quota, by_app in self.refusals.items():
            for app_id, count in by_app.items():
                yield app_id, quota, count


counts_json = TypeAdapter(Counts)


@dataclass(frozen=True)
class Counted:
    """The parts of a process that count."""

    database: Database
    ledger: Writer
    traffic: Traffic
    quotas: Quotas
    inbox: Inbox
    connections: Connections
    reaper: Reaper
    surveyor: Surveyor

    def counts(self, process: str) -> Counts:
        """Read them all, under the name of the process."""
        return Counts(
            process=process,
            ledger=Ledger(self.ledger.batches, self.ledger.written, self.ledger.queued),
            pool=_pool(self.database),
            traffic={app_id: Served.of(tally) for app_id, tally in self.traffic.items()},
            refusals={
                "requests": dict(self.quotas.requests.refused),
                "calls": dict(self.quotas.calls.refused),
                "notices": dict(self.inbox.refused),
                **{excess: dict(by_app) for excess, by_app in self.reaper.ended.items()},
            },
            kept=dict(self.surveyor.kept),
            has_unread_quotas=bool(self.quotas.fault),
            failed_calls={code: dict(by_app) for code, by_app in self.connections.failed.items()},
        )


def _pool(database: Database) -> Pool:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool), "the engine is made with SQLAlchemy's usual pool"
    return Pool(pool.checkedout(), pool.checkedin(), database.most_connections)
