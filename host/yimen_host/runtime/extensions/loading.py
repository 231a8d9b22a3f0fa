"""Loads the extensions that the operator names, one at a time: one that is broken is left out, with its reason."""

import importlib
import inspect
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib import metadata
from importlib.metadata import EntryPoint
from typing import TypeVar

import pluggy

from yimen_host.core.extending import ExtensionContext, NotConfigured, own_settings
from yimen_host.core.services import Services
from yimen_host.identity import hooks as identity_hooks
from yimen_host.identity.accounts import Sender
from yimen_host.identity.realname import RealNameAuthority
from yimen_host.payments.channels import hooks as payment_hooks
from yimen_host.payments.channels.channel import PaymentChannel
from yimen_host.runtime.extensions import offers
from yimen_host.runtime.extensions.finding import HOST, Unfit, check_range, find
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.hooks import PROJECT

log = logging.getLogger("yimen.extensions")
T = TypeVar("T")

TEXTS = Bilingual(zh="短信", en="sender")
RESERVED = frozenset({"wallet", "sandbox-bank"})
"""Channels of the host's own; nobody else may speak under their names."""


class State(StrEnum):
    """Where an extension stands."""

    LOADED = "loaded"
    """It is in use."""
    QUARANTINED = "quarantined"
    """It is left out; its reason says why."""


@dataclass(frozen=True)
class Record:
    """What became of one extension, for the log and the console."""

    name: str
    state: State
    distribution: str = ""
    version: str = ""
    reason: str = ""
    offers: tuple[Bilingual, ...] = ()


@dataclass(frozen=True)
class Extensions:
    """What the loaded extensions offer, in the order in which the operator names them."""

    records: tuple[Record, ...] = ()
    channels: tuple[PaymentChannel, ...] = ()
    authorities: tuple[RealNameAuthority, ...] = ()
    senders: tuple[Sender, ...] = ()

    def broken(self) -> tuple[Record, ...]:
        """The extensions that are left out."""
        return tuple(record for record in self.records if record.state is State.QUARANTINED)


@dataclass
class _Offer:
    channels: list[PaymentChannel] = field(default_factory=list)
    authorities: list[RealNameAuthority] = field(default_factory=list)
    senders: list[Sender] = field(default_factory=list)

    def names(self) -> tuple[Bilingual, ...]:
        """What is offered, in words."""
        return (
            *(Bilingual(zh=f"支付渠道 {one.id}", en=f"payment channel {one.id}") for one in self.channels),
            *(Bilingual(zh=f"实名核验 {one.name}", en=f"real-name authority {one.name}") for one in self.authorities),
            *(TEXTS for _ in self.senders),
        )


def load(services: Services, names: Sequence[str], environment: Mapping[str, str] = os.environ) -> Extensions:
    """Load these extensions and log what became of each. Never raises for an extension's fault."""
    loaded = Extensions()
    for name in dict.fromkeys(names):
        loaded = _with(loaded, name, services, environment)
        record = loaded.records[-1]
        if record.state is State.LOADED:
            log.info("extension %s: %s %s offers %s", name, record.distribution, record.version, _told(record.offers))
        else:
            log.error("extension %s is left out: %s", name, record.reason)
    return loaded


def _told(offers: Sequence[Bilingual]) -> str:
    return "; ".join(offer.en for offer in offers)


def _with(before: Extensions, name: str, services: Services, environment: Mapping[str, str]) -> Extensions:
    record = Record(name, State.QUARANTINED)
    try:
        point = find(name)
        assert point.dist is not None
        record = replace(record, distribution=point.dist.name, version=point.dist.version)
        check_range(point, metadata.version(HOST))
        offer = _offer(_registered(point), _context(name, services, environment))
        taken = RESERVED | {channel.id for channel in before.channels}
        if clash := sorted({channel.id for channel in offer.channels} & taken):
            raise Unfit(f"there is a payment channel {clash[0]} already")
    except Unfit as reason:
        return replace(before, records=(*before.records, replace(record, reason=str(reason))))
    done = replace(record, state=State.LOADED, offers=offer.names())
    return Extensions(
        (*before.records, done),
        (*before.channels, *offer.channels),
        (*before.authorities, *offer.authorities),
        (*before.senders, *offer.senders),
    )


def _context(name: str, services: Services, environment: Mapping[str, str]) -> ExtensionContext:
    def secret(purpose: str) -> str:
        return services.keyring.password(f"extension:{name}:{purpose}")

    return ExtensionContext(name, services.clock.now, own_settings(name, environment), secret)


def _registered(point: EntryPoint) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(payment_hooks)
    manager.add_hookspecs(identity_hooks)
    try:
        manager.register(importlib.import_module(point.module), name=point.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise Unfit(f"{point.module} misuses a hook: {error}") from error
    except (Exception, SystemExit) as error:  # whatever a module does while it is imported must not stop the host
        log.debug("extension %s", point.name, exc_info=error)
        raise Unfit(f"{point.module} does not import: {type(error).__name__}: {error}") from error
    return manager


def _offer(manager: pluggy.PluginManager, context: ExtensionContext) -> _Offer:
    made = _Offer(
        _asked(manager, "yimen_payment_channels", context, offers.channel),
        _asked(manager, "yimen_realname_authorities", context, offers.authority),
        _asked(manager, "yimen_senders", context, offers.sender),
    )
    if not made.names():
        raise Unfit("it offers nothing: mark a hook of the host with @hookimpl and return a list")
    return made


def _asked(
    manager: pluggy.PluginManager, hook: str, context: ExtensionContext, check: Callable[[object], T]
) -> list[T]:
    try:
        answers: list[object] = getattr(manager.hook, hook)(context=context)
    except NotConfigured as error:
        raise Unfit(str(error)) from error
    except (Exception, SystemExit) as error:  # as above
        log.debug("extension %s", context.name, exc_info=error)
        raise Unfit(f"{hook} raises {type(error).__name__}: {error}") from error
    offered: list[object] = []
    for answer in answers:
        if inspect.iscoroutine(answer):
            answer.close()
            raise Unfit(f"{hook} must be a plain function, not `async def`")
        if not isinstance(answer, list):
            raise Unfit(f"{hook} must return a list")
        offered += answer
    if classes := [one.__name__ for one in offered if inspect.isclass(one)]:
        raise Unfit(f"{hook} offers the class {classes[0]}: it must offer an instance")
    return [check(one) for one in offered]
