"""A resident's monthly statement of the wallet, on a page, as a table, and on paper."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import TooMany
from yimen_host.core.pages import attachment, locale, render, say
from yimen_host.identity.sessions import present
from yimen_host.payments.cashier import facade
from yimen_host.payments.chart import wallet
from yimen_host.payments.ledger import books
from yimen_host.payments.papers.account import MAX_PRINTED, account_sheet
from yimen_host.payments.statements import MAX_LINES, Statement, as_csv, month_of, read_month
from yimen_host.payments.store import orders

COLUMNS = ("时间", "序号", "订单号", "项目", "金额", "余额")


async def page(request: Request) -> Response:
    """Show a month, this one unless the address names another."""
    statement, titles = await _statement(request)
    now = month_of(facade(request).services.clock.now())
    return render(
        request,
        "payments/statement.html",
        statement=statement,
        titles=titles,
        later=statement.month.next if statement.month < now else None,
    )


async def table(request: Request) -> Response:
    """The same month as CSV, with a byte order mark: spreadsheets take it for UTF-8 then."""
    statement, titles = await _statement(request)
    text = as_csv(statement, titles, [say(request, word) for word in COLUMNS])
    headers = {"Content-Disposition": f'attachment; filename="yimen-{statement.month}.csv"'}
    return PlainTextResponse(f"\ufeff{text}", media_type="text/csv", headers=headers)


async def paper(request: Request) -> Response:
    """The same month as PDF. Raises TooMany for one that is better kept as a table."""
    statement, titles = await _statement(request)
    if len(statement.lines) > MAX_PRINTED:
        raise TooMany("这个月的明细太多，请下载表格（CSV）")
    facts = account_sheet(
        statement,
        titles,
        holder=present(request).display_name,
        language=locale(request),
        say=lambda message: say(request, message),
    )
    pdf = await facade(request).press.print("statement.typ", facts, day=statement.month.last.date())
    return attachment(pdf, name=f"yimen-{statement.month}", title=facts["title"])


async def _statement(request: Request) -> tuple[Statement, dict[str, str]]:
    own, written = facade(request), request.query_params.get("month")
    month = read_month(written) if written else month_of(own.services.clock.now())
    async with own.services.database.transaction() as session:
        found = await books.span(
            session, wallet(present(request).resident_id), begin=month.begin, end=month.end, limit=MAX_LINES
        )
        if found is None:
            raise TooMany(f"the statement of {month} has more than {MAX_LINES} lines")
        titles = await orders.titles(session, {line.about for line in found.lines})
    return Statement(month, found.opening, found.closing, found.lines), titles


routes = [
    Route("/wallet/statement", page),
    Route("/wallet/statement.csv", table),
    Route("/wallet/statement.pdf", paper),
]
