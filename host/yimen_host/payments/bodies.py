"""What the platform API of payments reads, as Pydantic models: the description of the API is made from them."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from yimen_host.payments.orders import OrderState
from yimen_sdk.money import MAX_FEN, Money
from yimen_sdk.split import MAX_PARTS, Part

MOST_FOUND = 200  # orders in one answer


class AmountBody(BaseModel):
    """An amount as it travels."""

    model_config = ConfigDict(strict=True)

    fen: Annotated[int, Field(gt=0, le=MAX_FEN)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "CNY"

    @property
    def money(self) -> Money:
        """The amount."""
        return Money(self.fen, self.currency)


class PartBody(BaseModel):
    """What one merchant gets of an order, or gives back: by its code, ``self`` being the mini-app's own."""

    model_config = ConfigDict(strict=True)

    merchant: str
    amount: AmountBody

    @property
    def part(self) -> Part:
        """The part as a value."""
        return Part(self.merchant, self.amount.money)


Split = Annotated[list[PartBody], Field(max_length=MAX_PARTS)]


class OrderBody(BaseModel):
    """An order to be opened."""

    model_config = ConfigDict(strict=True)

    title: str
    amount: AmountBody
    reference: str | None = None
    return_path: str = "/"
    split: Split = []


class RefundBody(BaseModel):
    """A refund to be made."""

    model_config = ConfigDict(strict=True)

    amount: AmountBody
    reason: str
    split: Split = []


class SearchQuery(BaseModel):
    """Which orders are looked for."""

    model_config = ConfigDict(extra="forbid")

    reference: str | None = None
    state: OrderState | None = None
    created_from: AwareDatetime | None = None
    after: str | None = Field(default=None, description="the last order of the page before")
    limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] = 50
