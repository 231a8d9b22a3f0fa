"""What the pages of mandates show: small values, and how a typed amount is read."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from yimen_host.identity.mandates.apps import AskedScope, MandateApp
from yimen_host.identity.mandates.mandate import State
from yimen_host.identity.mandates.models import MandateRow, MandateUseRow
from yimen_sdk.money import Money, yuan

# How each state is said (a message of the catalogue) and toned.
STATE_WORDS = {
    State.ASKED: ("等待同意", "note"),
    State.ACTIVE: ("有效", "good"),
    State.REFUSED: ("未同意", "plain"),
    State.REVOKED: ("已撤销", "plain"),
    State.LAPSED: ("已到期", "plain"),
}


@dataclass(frozen=True)
class MandateView:
    """A mandate as one of its two people sees it; ``given``: the viewer is the one who is represented."""

    id: str
    given: bool
    other: str
    app_id: str
    app_title: str
    scopes: tuple[AskedScope, ...]
    payment_cap: Money
    month_cap: Money
    left: Money
    state: str
    label: str
    tone: str
    counts: bool
    ends_at: dt.datetime


@dataclass(frozen=True)
class UseView:
    """One use of a mandate, as both people see it."""

    kind: str
    amount: Money
    returned: Money
    at: dt.datetime


def use_view(row: MandateUseRow) -> UseView:
    """Show a use."""
    return UseView(row.kind, Money(row.fen), Money(row.returned_fen), row.at)


def view(row: MandateRow, *, given: bool, other: str, app: MandateApp | None, used: int, counts: bool) -> MandateView:
    """Show a mandate."""
    state = State(row.state)
    label, tone = STATE_WORDS[state if counts or state is not State.ACTIVE else State.LAPSED]
    named = row.scopes.split()
    return MandateView(
        id=row.id,
        given=given,
        other=other,
        app_id=row.app_id,
        app_title=app.title if app else row.app_id,
        scopes=tuple(scope for scope in app.scopes if scope.name in named) if app else (),
        payment_cap=Money(row.payment_cap_fen),
        month_cap=Money(row.month_cap_fen),
        left=Money(row.month_cap_fen - used),
        state=row.state,
        label=label,
        tone=tone,
        counts=counts,
        ends_at=row.ends_at,
    )


def typed_money(typed: Mapping[str, str], field: str, faults: dict[str, str]) -> Money:
    """Read an amount as people type it; a fault is noted under the field's name."""
    try:
        return yuan(typed.get(field, ""))
    except ValueError:
        faults[field] = "请输入金额，例如 50 或 50.00"
        return Money(0)
