"""Tables of splits: what each merchant gets of an order, and what a refund takes back from it."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, SmallInteger, text
from sqlmodel import Field, SQLModel


class OrderPartRow(SQLModel, table=True):
    """A merchant's part of an order. ``reserved_fen`` is what refunds have taken of it, or are about to take."""

    __tablename__ = "payment_order_part"
    __table_args__ = (
        CheckConstraint("fen > 0", name="amount"),
        CheckConstraint("0 <= reserved_fen AND reserved_fen <= fen", name="reserved"),
    )

    order_id: str = Field(sa_column=Column(ForeignKey("payment_order.id"), primary_key=True))
    merchant_id: str = Field(primary_key=True)
    place: int = Field(sa_column=Column(SmallInteger, nullable=False), description="in the order it was asked for")
    fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    reserved_fen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))


class RefundPartRow(SQLModel, table=True):
    """What a refund takes back from a merchant. Never changed."""

    __tablename__ = "payment_refund_part"
    __table_args__ = (
        CheckConstraint("fen > 0", name="amount"),
        ForeignKeyConstraint(
            ["order_id", "merchant_id"], ["payment_order_part.order_id", "payment_order_part.merchant_id"]
        ),
    )

    refund_id: str = Field(sa_column=Column(ForeignKey("payment_refund.id"), primary_key=True))
    merchant_id: str = Field(primary_key=True)
    order_id: str
    fen: int = Field(sa_column=Column(BigInteger, nullable=False))
