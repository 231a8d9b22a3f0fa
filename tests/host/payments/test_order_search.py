"""Orders of a mini-app and of a resident are found by an index, however many others have."""

import datetime as dt
import re
from dataclasses import replace
from itertools import product

from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from yimen_host.core.services import Services
from yimen_host.payments.models import OrderRow
from yimen_host.payments.store.search import OfApp, OfResident, Search, searching

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
LAST = OrderRow(id="ord_b_00500", created_at=NOW)  # type: ignore[call-arg]  # all that a search looks at


SEARCHES = {
    "first": Search(),
    "after": Search(after=LAST),
    "from": Search(created_from=NOW - dt.timedelta(minutes=5)),
    "state": Search(states=("open",), after=LAST),
    "words": Search(words=("b-7",), until=NOW),
    "reference": Search(reference="b-7"),
    "payee": Search(payee="b"),
}
WHOSE: tuple[OfApp | OfResident, ...] = (OfApp("b"), OfResident("bo"))
INDEX = re.compile(
    "ix_payment_order_of_app|ix_payment_order_in_state|ix_payment_order_newest|uq_payment_order_reference"
)


async def test_every_search_reads_an_index_and_no_whole_table(services: Services) -> None:
    reading_all = {}
    async with services.database.transaction() as session:
        for app, who, count in (("a", "ada", 20_000), ("b", "bo", 1_000)):
            await session.execute(_MANY, {"app": app, "who": who, "count": count, "now": NOW})
        await session.execute(text("ANALYZE payment_order"))
        connection = await session.connection()
        for (name, search), whose, newest_first in product(SEARCHES.items(), WHOSE, (False, True)):
            wanted = searching(whose, replace(search, newest_first=newest_first), 50).compile(
                dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
                compile_kwargs={"literal_binds": True},
            )
            plan = "\n".join(row[0] for row in await connection.exec_driver_sql(f"EXPLAIN {wanted}"))
            if "Seq Scan on payment_order" in plan or not INDEX.search(plan):
                reading_all[name, whose, newest_first] = plan

    assert reading_all == {}


_MANY = text(
    """
    INSERT INTO payment_order (id, app_id, payee, payee_title, payee_publisher, resident_id, title, amount_fen,
        currency, reference, return_path, state, created_at, expires_at)
    SELECT 'ord_' || :app || '_' || lpad(CAST(n AS text), 5, '0'), :app, 'merchant', 't', 'p', :who, 't', 100, 'CNY',
        :app || '-' || n, '/', 'open', CAST(:now AS timestamptz) - n * interval '1 second', :now
    FROM generate_series(1, :count) AS n
    """
)
