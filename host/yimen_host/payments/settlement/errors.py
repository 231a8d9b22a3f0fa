"""What settlement refuses."""

from yimen_host.core.errors import Refused


class BatchMoved(Refused):
    """The batch is not in a state that allows it."""

    code = "batch_moved"

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"the batch {batch_id} cannot be paid again", batch_id=batch_id)
