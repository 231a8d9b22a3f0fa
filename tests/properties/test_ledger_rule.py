"""What the ledger's rule promises, for any batch of drafts over any accounts."""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yimen_host.payments.ledger.columns import GENESIS, TransactionRow, batch_hash, columns
from yimen_host.payments.ledger.draft import (
    Draft,
    Leg,
    MalformedDraft,
    expire_hold,
    fingerprint,
    hold,
    post,
    post_hold,
    reverse,
    void_hold,
)
from yimen_host.payments.ledger.rule import Account, Books, Outcome, Posted, Reason, Refusal, settle
from yimen_sdk.money import Money

NOW = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
CODES = ("wallet:a", "wallet:b", "wallet:c", "merchant:m:payable", "channel:x:clearing")
KEYS = st.sampled_from([f"k{n}" for n in range(12)])


def accounts() -> dict[str, Account]:
    return {
        code: Account(number, code, "CNY", 0 if code.startswith("wallet") else None, 500 if "wallet" in code else -750)
        for number, code in enumerate(CODES)
    } | {"suspense:eur": Account(9, "suspense:eur", "EUR", None)}


@st.composite
def legs(draw: st.DrawFn) -> tuple[Leg, ...]:
    """Two to five legs that sum to zero."""
    codes = draw(st.lists(st.sampled_from(CODES), min_size=2, max_size=5, unique=True))
    amounts = draw(st.lists(st.integers(-400, 400).filter(bool), min_size=len(codes) - 1, max_size=len(codes) - 1))
    rest = -sum(amounts)
    if rest == 0:
        amounts[0], rest = (amounts[0] + 1 or 2), 0
        rest = -sum(amounts)
    return tuple(Leg(code, Money(fen)) for code, fen in zip(codes, [*amounts, rest], strict=True))


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Any draft there is, over few keys, so that they meet."""
    key, other = draw(KEYS), draw(KEYS)
    kind = draw(st.sampled_from(["post", "post", "hold", "post_hold", "void_hold", "expire_hold", "reverse"]))
    match kind:
        case "post":
            return post(key, "test", *draw(legs()))
        case "hold":
            until = draw(st.sampled_from([None, NOW - dt.timedelta(seconds=1), NOW + dt.timedelta(seconds=1)]))
            return hold(key, "test", *draw(legs()), expires_at=until)
        case "reverse":
            return reverse(key, "test", posting=other)
    end = {"post_hold": post_hold, "void_hold": void_hold, "expire_hold": expire_hold}[kind]
    return end(key, "test", hold=other)


def judged(batch: list[Draft]) -> tuple[Books, list[Outcome]]:
    books = Books(NOW, 1, accounts())
    return books, settle(books, [(draft, fingerprint(draft)) for draft in batch])


BATCHES = st.lists(drafts(), max_size=30)


@given(BATCHES)
def test_every_transaction_sums_to_zero(batch: list[Draft]) -> None:
    books, _ = judged(batch)

    for _, accepted in books.taken:
        assert sum(entry.amount for entry in accepted.entries) == 0
        assert sum(entry.held for entry in accepted.entries) == sum(entry.awaited for entry in accepted.entries)


@given(BATCHES)
def test_no_account_falls_below_its_floor_holds_included(batch: list[Draft]) -> None:
    books, _ = judged(batch)

    for _, accepted in books.taken:
        for account in accepted.after:
            assert account.floor is None or account.available >= account.floor
            assert account.held >= 0
            assert account.awaited >= 0


@given(BATCHES)
def test_every_account_is_the_sum_of_its_entries(batch: list[Draft]) -> None:
    books, _ = judged(batch)

    rebuilt = {account.id: account for account in accounts().values()}
    for _, accepted in books.taken:
        for entry in accepted.entries:
            before = rebuilt[entry.account_id]
            assert entry.account_seq == before.seq + 1
            rebuilt[before.id] = before._replace(
                balance=before.balance + entry.amount,
                held=before.held + entry.held,
                awaited=before.awaited + entry.awaited,
                seq=entry.account_seq,
            )
            assert entry.balance == rebuilt[before.id].balance
    assert rebuilt == {account.id: account for account in books.accounts.values()}


@given(BATCHES)
def test_replaying_a_batch_changes_nothing(batch: list[Draft]) -> None:
    books, first = judged(batch)
    before, count = dict(books.accounts), len(books.taken)

    done = [draft for draft, outcome in zip(batch, first, strict=True) if isinstance(outcome, Posted)]
    again = settle(books, [(draft, fingerprint(draft)) for draft in done])

    assert all(isinstance(outcome, Posted) and outcome.replayed for outcome in again)
    assert (books.accounts, len(books.taken)) == (before, count)


@given(BATCHES)
def test_a_key_has_one_effect_and_a_refusal_has_none(batch: list[Draft]) -> None:
    books, outcomes = judged(batch)

    fresh = [outcome for outcome in outcomes if isinstance(outcome, Posted) and not outcome.replayed]
    assert len(fresh) == len(books.taken)
    assert max(Counter(outcome.key for outcome in fresh).values(), default=0) <= 1


@given(BATCHES)
def test_a_hold_or_a_posting_is_resolved_at_most_once(batch: list[Draft]) -> None:
    books, _ = judged(batch)

    resolved = Counter(accepted.resolves_id for _, accepted in books.taken if accepted.resolves_id is not None)
    assert max(resolved.values(), default=0) <= 1


@given(BATCHES)
def test_the_outcome_is_the_same_however_the_batch_is_cut(batch: list[Draft]) -> None:
    whole, together = judged(batch)

    books = Books(NOW, 1, accounts())
    apart = [settle(books, [(draft, fingerprint(draft))])[0] for draft in batch]

    assert (apart, books.accounts) == (together, whole.accounts)


@given(legs())
def test_a_reversal_restores_every_balance(moved: tuple[Leg, ...]) -> None:
    books, outcomes = judged([post("k", "test", *moved), reverse("r", "test", posting="k")])

    if isinstance(outcomes[0], Posted) and isinstance(outcomes[1], Posted):
        balances = {code: account.balance for code, account in books.accounts.items()}
        assert balances == {code: account.balance for code, account in accounts().items()}


@given(st.integers(1, 1000))
def test_currencies_never_mix(fen: int) -> None:
    _, outcomes = judged([post("k", "test", Leg("channel:x:clearing", Money(-fen)), Leg("suspense:eur", Money(fen)))])

    assert outcomes == [Refusal("k", Reason.CURRENCY, "suspense:eur is kept in EUR, not in CNY")]


@given(BATCHES)
def test_the_chain_hash_sees_every_change(batch: list[Draft]) -> None:
    books, _ = judged(batch)
    transactions = [
        TransactionRow(number, a.draft.key, a.draft.kind.value, a.draft.about, a.fingerprint, a.resolves_id, None)
        for number, a in books.taken
    ]
    entries = [(number, entry) for number, a in books.taken for entry in a.entries]
    if not transactions:
        return

    hashes = [batch_hash(GENESIS, columns(NOW, transactions, entries))]
    hashes.append(batch_hash(hashes[0], columns(NOW, transactions, entries)))
    hashes.append(batch_hash(GENESIS, columns(NOW + dt.timedelta(microseconds=1), transactions, entries)))
    for index, row in enumerate(transactions):
        altered = [*transactions[:index], row._replace(about="other"), *transactions[index + 1 :]]
        hashes.append(batch_hash(GENESIS, columns(NOW, altered, entries)))
    for index, (number, entry) in enumerate(entries):
        before, after = entries[:index], entries[index + 1 :]
        altered_entry = (number, entry._replace(amount=entry.amount + 1))
        hashes.append(batch_hash(GENESIS, columns(NOW, transactions, [*before, altered_entry, *after])))
        hashes.append(batch_hash(GENESIS, columns(NOW, transactions, [*before, *after])))

    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("word", ["NULL", "null", "Null", "a b", "a'b", "a\\b", 'a"b', "a,b", "{}", "", "k" * 121])
def test_a_word_that_would_need_quoting_is_no_key(word: str) -> None:
    moved = (Leg("wallet:a", Money(-1)), Leg("wallet:b", Money(1)))

    with pytest.raises(MalformedDraft):
        post(word, "test", *moved)
    with pytest.raises(MalformedDraft):
        post("k", word, *moved)
