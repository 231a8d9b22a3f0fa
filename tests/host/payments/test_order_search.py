"""A mini-app's orders are found by an index, however many others have."""

import datetime as dt

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from yimen_host.core.services import Services
from yimen_host.payments.models import OrderRow
from yimen_host.payments.store import orders

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
LAST = OrderRow(id="ord_b_00500", created_at=NOW)


@pytest.mark.parametrize(
    "search",
    [
        orders.Search(),
        orders.Search(after=LAST),
        orders.Search(created_from=NOW - dt.timedelta(minutes=5)),
        orders.Search(state="open", after=LAST),
        orders.Search(reference="b-7"),
    ],
    ids=["first", "after", "from", "state", "reference"],
)
async def test_a_search_reads_an_index_and_no_whole_table(services: Services, search: orders.Search) -> None:
    wanted = orders.searching("b", search, 50).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )

    async with services.database.transaction() as session:
        for app, count in (("a", 20_000), ("b", 1_000)):
            await session.execute(_MANY, {"app": app, "count": count, "now": NOW})
        await session.execute(text("ANALYZE payment_order"))
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {wanted}".replace(":", "\\:"))))

    assert "Seq Scan" not in plan, plan
    assert "ix_payment_order_of_app" in plan or "uq_payment_order_reference" in plan, plan


_MANY = text(
    """
    INSERT INTO payment_order (id, app_id, payee, payee_title, payee_publisher, resident_id, title, amount_fen,
        currency, reference, return_path, state, created_at, expires_at)
    SELECT 'ord_' || :app || '_' || lpad(CAST(n AS text), 5, '0'), :app, 'merchant', 't', 'p', 'ada', 't', 100, 'CNY',
        :app || '-' || n, '/', 'open', CAST(:now AS timestamptz) - n * interval '1 second', :now
    FROM generate_series(1, :count) AS n
    """
)
