"""What payments refuse, with the words a resident or a mini-app's author reads."""

from yimen_host.core.errors import Forbidden, HostError, Invalid, NotFound, Refused


class NoSuchOrder(NotFound):
    """There is no such order, or it is somebody else's."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"there is no order {order_id}")


class ReferenceTaken(Refused):
    """The mini-app's own number belongs to an order with other content."""

    code = "reference_taken"

    def __init__(self, reference: str) -> None:
        super().__init__(f"reference {reference} belongs to an order with other content")


class OrderNotOpen(Refused):
    """The order was paid, cancelled or expired before."""

    code = "order_not_open"

    def __init__(self, order_id: str, state: str) -> None:
        super().__init__(f"order {order_id} is {state}", state=state)


class NotRefundable(Refused):
    """The order is unpaid, or less is left of it than was asked for."""

    code = "not_refundable"

    def __init__(self, order_id: str, left_fen: int) -> None:
        super().__init__(f"order {order_id} has {left_fen} fen left to give back", left_fen=left_fen)


class NotStuck(Refused):
    """The refund does not wait for a person."""

    code = "refund_not_stuck"

    def __init__(self, refund_id: str, state: str) -> None:
        super().__init__(f"refund {refund_id} is {state} and waits for nobody", state=state)


class ConsentNeeded(Forbidden):
    """The resident has not granted the scope that this needs."""

    code = "consent_required"

    def __init__(self, scope: str) -> None:
        super().__init__(f"the resident has not granted {scope}", scope=scope)


class KeyMissing(HostError):
    """A POST came without its Idempotency-Key."""

    code = "idempotency_key_missing"
    status = 400

    def __init__(self) -> None:
        super().__init__("send an Idempotency-Key header of 1 to 100 characters: A-Z a-z 0-9 _ . : -")


class StillRunning(Refused):
    """The first request under this Idempotency-Key has not ended."""

    code = "idempotency_in_flight"

    def __init__(self, key: str) -> None:
        super().__init__(f"the request with Idempotency-Key {key} is still running: ask again in a moment")


class KeyReused(HostError):
    """The Idempotency-Key was used with another body."""

    code = "idempotency_key_reused"
    status = 422

    def __init__(self, key: str) -> None:
        super().__init__(f"Idempotency-Key {key} was used for another request: use a new key")


class StaleForm(Invalid):
    """The form is not from this session, this order, or this person."""

    code = "stale_form"

    def __init__(self) -> None:
        super().__init__("页面已过期，请刷新后再试")


class NoticeRefused(HostError):
    """A channel's notice is forged, altered, too old, or about nothing we know."""

    code = "notice_refused"
    status = 401
