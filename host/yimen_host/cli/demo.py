"""Fills in the demo: accounts, a balance, a coupon campaign, and the mini-apps of this repository, reviewed and live.

Run again it changes nothing. Everything goes the way it goes for everybody: uploaded, checked, approved, released.
"""

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from yimen_host.app import services_of
from yimen_host.core.services import Services
from yimen_host.identity import passwords, store
from yimen_host.identity.accounts import PAYMENT, SIGN_IN, Accounts
from yimen_host.identity.models import PasswordRow, ResidentRow
from yimen_host.identity.sandbox import SandboxAuthority, SandboxSender, population
from yimen_host.payments.coupons.demo import run_demo_campaign
from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.facade import Payments
from yimen_host.payments.merchants.demo import approve_demo_merchant
from yimen_host.ports import PaymentPasswords
from yimen_host.settings import Settings
from yimen_registry import Registry
from yimen_registry.uploads.receive import Form
from yimen_sdk import yuan

PASSWORD = "yimen-demo"  # noqa: S105 - printed at the start; the demo listens on loopback only
PIN = "202611"
RESIDENT_PHONE, PUBLISHER_PHONE, ADMIN_PHONE = "13800000001", "13800000002", "13800000003"
PLANNER_PHONE, APPROVER_PHONE = "13800000004", "13800000005"
PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
PUBLISHER = "guizhou-power"


@dataclass(frozen=True)
class DemoAccount:
    """One account of the demo."""

    role: str
    phone: str
    person: int
    note: str
    duties: tuple[str, ...] = ()


ACCOUNTS = (
    DemoAccount("resident", RESIDENT_PHONE, 100, f"wallet ¥2,000.00, payment password {PIN}"),
    DemoAccount("publisher", PUBLISHER_PHONE, 101, "uploads and submits mini-apps (/developer)"),
    DemoAccount("admin", ADMIN_PHONE, 102, "reviews and releases them (/console)", ("admin", "reviewer")),
)
COUPON_DESK = (
    DemoAccount("planner", PLANNER_PHONE, 103, "plans coupon campaigns (/console/campaigns)", ("planner",)),
    DemoAccount("approver", APPROVER_PHONE, 104, "approves them, as the admin may too", ("approver", "reviewer")),
)


async def fill(settings: Settings) -> None:
    """Fill in whatever is missing."""
    services = services_of(settings)
    accounts = Accounts(services, SandboxAuthority(), SandboxSender(services))
    payments = Payments(services, PaymentPasswords(accounts))
    registry = Registry(services.database.engine, settings.var.absolute() / "registry", services.clock.now)
    await payments.start()
    try:
        resident, publisher, admin = [await _account(services, accounts, who) for who in ACCOUNTS]
        await grant_demo_balance(payments, resident, yuan("2000.00"))
        planner, approver = [await _account(services, accounts, who) for who in COUPON_DESK]
        await run_demo_campaign(payments, planner=planner, approvers=(approver, admin))
        for plugin in sorted(PLUGINS.glob("*/pyproject.toml")):
            app_id = await _release(
                registry, plugin.parent, publisher, (admin, approver), settings.var.absolute() / "demo"
            )
            await approve_demo_merchant(payments.merchants, app_id, publisher=publisher, admin=admin)
    finally:
        await payments.stop()
        await services.database.close()


async def _account(services: Services, accounts: Accounts, who: DemoAccount) -> str:
    keyring, now = services.keyring, services.clock.now()
    phone_hash = keyring.fingerprint("phone", who.phone)
    async with services.database.transaction() as session:
        known = await store.resident_by_phone(session, phone_hash)
    if known is not None:
        return known.id
    resident_id = services.ids.new("res")
    sign_in, payment = await passwords.hashed(PASSWORD), await passwords.hashed(PIN)
    async with services.database.transaction() as session:
        sealed = keyring.encrypt(who.phone, bound_to=resident_id)
        row = ResidentRow(id=resident_id, phone_hash=phone_hash, phone_sealed=sealed, created_at=now)
        await store.add_resident(session, row)
        for kind, hash_ in ((SIGN_IN, sign_in), (PAYMENT, payment)):
            password = PasswordRow(resident_id=resident_id, kind=kind, hash=hash_, changed_at=now)
            await store.set_password(session, password)
        for duty in who.duties:
            await store.add_role(session, resident_id, duty)
    person = population()[who.person]
    await accounts.verify(resident_id, person.name, person.number)
    return resident_id


async def _release(registry: Registry, project: Path, publisher: str, reviewers: tuple[str, str], work: Path) -> str:
    """Upload, submit, approve and release a mini-app's present version, unless it was released before. Tell its id."""
    about = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    app_id = str(next(iter(about["entry-points"]["yimen.miniapps"])))
    if any(release.version == about["version"] for release in await registry.releases_of(app_id)):
        return app_id
    wheel = _build(project, work)
    owned = await registry.publishers_of(publisher)
    if not owned:
        await registry.create_publisher(name=PUBLISHER, title="贵州电网（演示）", owner=publisher)
        owned = await registry.publishers_of(publisher)
    made = await registry.issue_token(owned[0][0].id, by=publisher, name=f"demo {app_id}")
    token = await registry.recognise(made.secret)
    build = await registry.receive_upload(token, Form(file_name=wheel.name), wheel)
    await registry.revoke_token(token.id, by=publisher)
    submission = await registry.submit(build.id, by=publisher, note="demo")
    await registry.start_review(submission.id, by=reviewers[0])
    for reviewer in reviewers if submission.two_people else reviewers[:1]:
        await registry.approve(submission.id, by=reviewer, text="demo")
    await registry.release(app_id, build.version, stage="live", by=reviewers[0])
    return app_id


def _build(project: Path, work: Path) -> Path:
    target = work / project.name
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(project)]
    subprocess.run(command, check=True, capture_output=True)
    return next(target.glob("*.whl"))
