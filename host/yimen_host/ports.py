"""What one feature asks of another, by the ports that the asking one defines."""

from collections.abc import Collection
from dataclasses import dataclass

from yimen_host.core.services import Services
from yimen_host.identity import store
from yimen_host.identity.accounts import PAYMENT, Accounts
from yimen_host.identity.errors import FieldError
from yimen_host.identity.mandates.apps import AskedScope, MandateApp
from yimen_host.identity.mandates.mandate import SCOPE as MANDATE_SCOPE
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.runtime.directory import LiveDirectory
from yimen_registry import Registry
from yimen_sdk.manifest import Manifest
from yimen_sdk.resident import Locale
from yimen_sdk.scopes import SCOPES


@dataclass(frozen=True)
class People:
    """The port of alerts to who answers for what: admins have a role, publishers are known to the registry."""

    services: Services
    registry: Registry

    async def admins(self) -> Collection[str]:
        """The residents who run the platform."""
        async with self.services.database.transaction() as session:
            return await store.holders(session, "admin")

    async def publishers(self, app_id: str) -> Collection[str]:
        """The residents who publish a mini-app; none of one that is unknown."""
        return await self.registry.people_of(app_id)


class MandateApps:
    """The port of mandates to mini-apps: those whose approved manifest says that they can be used for somebody else."""

    def __init__(self, directory: LiveDirectory) -> None:
        self._directory = directory

    def mandate_apps(self, language: Locale) -> list[MandateApp]:
        """Each with the scopes that a mandate can cover, in a language."""
        manifests = [release.manifest for release in self._directory.releases()]
        return [_mandate_app(manifest, language) for manifest in manifests if MANDATE_SCOPE in manifest.scope_names]


def _mandate_app(manifest: Manifest, language: Locale) -> MandateApp:
    scopes = tuple(
        AskedScope(scope.name, SCOPES[scope.name].title.in_(language), scope.reason.in_(language))
        for scope in manifest.scopes
        if scope.name != MANDATE_SCOPE
    )
    return MandateApp(manifest.id, manifest.title.in_(language), scopes)


class PaymentPasswords:
    """The port of payments to the payment password, which identity keeps."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def verify(self, resident_id: str, typed: str) -> Decision:
        """Whether a typed payment password is right; each wrong try counts, five lock it for a while."""
        if not await self._accounts.has_password(resident_id, PAYMENT):
            return Refused("not_set")
        try:
            right = await self._accounts.check_password(resident_id, PAYMENT, typed)
        except FieldError:
            return Refused("locked")
        return GRANTED if right else Refused("wrong")
