"""``host.payments`` of the fake platform: orders and refunds, refused where the platform refuses them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from yimen_sdk.errors import InvalidRequest, NotFound, Refused
from yimen_sdk.host import Order, OrderState, Refund, check_key
from yimen_sdk.merchant import Application, Merchant
from yimen_sdk.money import Money
from yimen_sdk.split import SELF, Part, fault, is_code, taken_back

if TYPE_CHECKING:
    from yimen_sdk.fake import FakeHost

PORTAL = "http://portal.test"
MOST_FOUND = 200
MOST_WAITING = 100
MAX_TITLE, MAX_REFERENCE, MAX_PATH, MAX_REASON = 60, 64, 500, 100
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


class FakePayments:
    """``host.payments`` of the fake."""

    def __init__(self, host: "FakeHost") -> None:
        self._host = host

    async def open_order(
        self,
        title: str,
        amount: Money,
        *,
        reference: str | None = None,
        return_path: str = "/",
        split: Sequence[Part] = (),
    ) -> Order:
        resident = self._host.need("payments.order")
        _check_order(title, amount, reference, return_path, fault(split, amount) or self._unknown(split))
        asked = (resident.sub, title.strip(), amount, return_path, tuple(split))
        for known in self._host.orders.values():
            if reference is not None and known.reference == reference:
                if self._host._asked[known.id] != asked:
                    raise Refused(f"reference {reference} belongs to an order with other content")
                return known
        number = f"ord_{len(self._host.orders) + 1}"
        self._host._asked[number] = asked
        self._host.orders[number] = Order(
            id=number,
            title=title.strip(),
            amount=amount,
            state="open",
            reference=reference,
            cashier_url=f"{PORTAL}/cashier/{number}",
            receipt_number=None,
            expires_at=NOON + dt.timedelta(minutes=30),
            split=tuple(split),
        )
        return self._host.orders[number]

    async def order(self, order_id: str) -> Order:
        self._host.need_declared("payments.order")
        try:
            return self._host.orders[order_id]
        except KeyError:
            raise NotFound(f"there is no order {order_id}") from None

    async def orders(
        self,
        *,
        reference: str | None = None,
        state: OrderState | None = None,
        created_from: dt.datetime | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[Order]:
        self._host.need_declared("payments.order")
        if not 1 <= limit <= MOST_FOUND or (created_from is not None and created_from.tzinfo is None):
            raise InvalidRequest("limit is 1 to 200, created_from is aware")
        if after is not None:
            await self.order(after)
        ids = list(self._host.orders)  # in the order they were opened, all of them at noon
        later = ids[ids.index(after) + 1 :] if after is not None else ids
        found = [self._host.orders[id_] for id_ in later if created_from is None or created_from <= NOON]
        matching = [one for one in found if reference in (None, one.reference) and state in (None, one.state)]
        return matching[:limit]

    async def fulfil(self, order_id: str) -> Order:
        order = await self.order(order_id)
        if order.state in ("open", "cancelled", "expired"):
            raise Refused(f"order {order_id} is {order.state}, not paid")
        if order.state == "paid":
            self._host.orders[order_id] = replace(order, state="fulfilled")
        return self._host.orders[order_id]

    async def cancel(self, order_id: str) -> Order:
        order = await self.order(order_id)
        if order.state not in ("open", "cancelled"):
            raise Refused(f"order {order_id} is {order.state}")
        self._host.orders[order_id] = replace(order, state="cancelled")
        return self._host.orders[order_id]

    async def refund(
        self, order_id: str, amount: Money, *, reason: str, key: str, split: Sequence[Part] = ()
    ) -> Refund:
        check_key(key)
        order = await self.order(order_id)
        if amount.fen <= 0 or amount.currency != order.amount.currency or not 1 <= len(reason) <= MAX_REASON:
            raise InvalidRequest("a refund is above zero, in the order's currency, with a reason")
        asked = (amount, reason, tuple(split))
        if key in self._host._refunded.setdefault(order_id, {}):
            before, number = self._host._refunded[order_id][key]
            if before != asked:
                raise InvalidRequest(f"the key {key} was used for another refund")
            return self._host.refunds[number]
        earlier = [refund for refund in self._host.refunds.values() if refund.order_id == order_id]
        given = sum(refund.amount.fen for refund in earlier)
        if order.receipt_number is None or given + amount.fen > order.amount.fen:
            raise Refused(f"order {order_id} has less than {amount} left to give back")
        parts = _taken_back(order, earlier, amount, split)
        number = f"rfd_{len(self._host.refunds) + 1}"
        whole = given + amount.fen == order.amount.fen
        self._host.orders[order_id] = replace(order, state="refunded" if whole else "partially_refunded")
        self._host._refunded[order_id][key] = (asked, number)
        self._host.refunds[number] = Refund(number, order_id, amount, "succeeded", parts)
        return self._host.refunds[number]

    async def merchants(self, *, after: str | None = None, limit: int = 50) -> list[Merchant]:
        self._host.need_declared("payments.order")
        if not 1 <= limit <= MOST_FOUND:
            raise InvalidRequest(f"limit is 1 to {MOST_FOUND}")
        if after is not None and after not in self._host.merchants:
            raise NotFound(f"there is no merchant {after}")
        codes = sorted(self._host.merchants, key=_place)
        return [self._host.merchants[code] for code in codes if after is None or _place(code) > _place(after)][:limit]

    async def add_merchant(self, code: str, application: Application) -> Merchant:
        self._host.need_declared("payments.order")
        read = Application.read(application.told())
        wrong = [*([] if is_code(code) else ["code"]), *read.wrong()]
        if wrong:
            raise InvalidRequest("the application has faults", dict.fromkeys(wrong, "cannot be right"))
        known = self._host.merchants.get(code)
        if known is not None and read == self._host._applied.get(code):
            return known
        if sum(one.state == "applied" for one in self._host.merchants.values()) >= MOST_WAITING:
            raise Refused(f"{MOST_WAITING} merchants wait for a review")
        if known is not None and (known.state != "refused" or known.approved_at is not None):
            raise Refused(f"the merchant {code} has other details")
        self._host._applied[code] = read
        self._host.merchants[code] = Merchant(
            code, "applied", read.legal_name, read.credit_code, read.bank, read.account[-4:], None
        )
        return self._host.merchants[code]

    def _unknown(self, split: Sequence[Part]) -> str | None:
        approved = {code for code, one in self._host.merchants.items() if one.approved_at is not None}
        codes = {part.merchant for part in split} - approved - {SELF}
        return f"approved merchants of yours, which {', '.join(sorted(codes))} is not" if codes else None


def _taken_back(order: Order, earlier: Sequence[Refund], amount: Money, split: Sequence[Part]) -> tuple[Part, ...]:
    """What each merchant gives back, in the order of the split."""
    wrong = fault(split, amount) or ("only where the order is split" if split and not order.split else None)
    if wrong:
        raise InvalidRequest("the refund is not complete", {"split": wrong})
    left = {part.merchant: part.amount.fen for part in order.split}
    for part in (part for refund in earlier for part in refund.split):
        left[part.merchant] -= part.amount.fen
    named = {part.merchant: part.amount.fen for part in split}
    if any(fen > left.get(merchant, 0) for merchant, fen in named.items()):
        raise Refused(f"order {order.id} has less left of a merchant's part")
    taken = named or (taken_back(amount.fen, left) if left else {})
    return tuple(Part(merchant, Money(taken[merchant], amount.currency)) for merchant in left if merchant in taken)


def _place(code: str) -> tuple[bool, str]:
    return code != SELF, code


def _check_order(title: str, amount: Money, reference: str | None, return_path: str, split: str | None) -> None:
    faults = {"split": split} if split else {}
    if not 1 <= len(title.strip()) <= MAX_TITLE:
        faults["title"] = f"1 to {MAX_TITLE} characters"
    if amount.fen <= 0 or amount.currency != "CNY":
        faults["amount"] = "above zero, in CNY"
    if reference is not None and not 1 <= len(reference) <= MAX_REFERENCE:
        faults["reference"] = f"1 to {MAX_REFERENCE} characters"
    if not return_path.startswith("/") or return_path.startswith("//") or len(return_path) > MAX_PATH:
        faults["return_path"] = f"a path of yours of at most {MAX_PATH} characters"
    if faults:
        raise InvalidRequest("the order is malformed", faults)
