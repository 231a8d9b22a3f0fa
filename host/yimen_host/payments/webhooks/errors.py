"""What webhooks refuse."""

from yimen_host.core.errors import NotFound, Refused


class NoSuchEndpoint(NotFound):
    """There is no such endpoint, or it is another mini-app's."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"there is no webhook endpoint {endpoint_id}")


class NoSuchDelivery(NotFound):
    """There is no such delivery, or it is another endpoint's."""

    def __init__(self, delivery_id: int) -> None:
        super().__init__(f"there is no delivery {delivery_id}")


class TooManyEndpoints(Refused):
    """The mini-app has as many endpoints as one may have."""

    code = "too_many_endpoints"
