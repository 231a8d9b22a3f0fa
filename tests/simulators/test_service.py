"""The power company over HTTP."""

import datetime as dt

import httpx
import pytest

from yimen_simulators.biller.books import Books
from yimen_simulators.biller.households import households
from yimen_simulators.biller.service import create_biller

NUMBER = "0520100001"


@pytest.fixture
def books() -> Books:
    return Books(":memory:", lambda: dt.date(2026, 11, 22))


@pytest.fixture
def company(books: Books) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_biller(books)), base_url="http://biller.test")


async def test_a_customer_and_the_bills_are_told(company: httpx.AsyncClient, books: Books) -> None:
    account, bills = await company.get(f"/accounts/{NUMBER}"), await company.get(f"/accounts/{NUMBER}/bills")

    household, newest = households()[NUMBER], books.bills(NUMBER)[0]
    assert account.json() == {"number": NUMBER, "holder": household.holder, "address": household.address}
    assert bills.json()["bills"][0] == {
        "period": "2026-10", "kwh": newest.kwh, "fen": newest.fen, "due": "2026-11-25", "paid": False,
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/accounts/0520100999", "/accounts/0520100999/bills", "/payments/s1"])
async def test_what_it_does_not_know_is_not_found(company: httpx.AsyncClient, path: str) -> None:
    assert (await company.get(path)).status_code == 404


async def test_a_payment_is_taken_and_told_of(company: httpx.AsyncClient, books: Books) -> None:
    asked = {"sequence": "s1", "number": NUMBER, "period": "2026-10", "fen": books.bills(NUMBER)[0].fen}

    paid, known = await company.post("/payments", json=asked), await company.get("/payments/s1")
    reversed_ = await company.post("/payments/s1/reverse")

    assert paid.json() == known.json() == {**asked, "outcome": "confirmed", "reason": ""}
    assert reversed_.json() == {**asked, "outcome": "reversed", "reason": ""}


async def test_only_known_faults_can_be_switched_on(company: httpx.AsyncClient) -> None:
    good = await company.post("/_faults", json={"number": NUMBER, "fault": "silent_after"})
    wrong = await company.post("/_faults", json={"number": NUMBER, "fault": "fire"})

    assert (good.json(), wrong.status_code) == ({"number": NUMBER, "fault": "silent_after"}, 422)
