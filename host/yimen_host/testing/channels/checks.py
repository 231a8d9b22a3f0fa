"""The checks by name. Each begins with nothing, plays one story, and compares what came of it."""

from yimen_host.testing.channels import internal, notices, paying, returning
from yimen_host.testing.channels.expecting import Check

INTERNAL_CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        internal.a_wallet_pays_at_once,
        internal.nobody_speaks_for_the_ledger,
        internal.a_part_goes_back_to_the_wallet,
    )
}
"""What a channel whose money is in our own ledger keeps."""

CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        paying.prepare_moves_no_money,
        paying.a_wrong_amount_does_not_pay,
        paying.a_refusal_leaves_the_order_open,
        paying.silence_is_not_a_no,
        paying.a_silent_beginning_charges_nobody_twice,
        paying.closing_tells_of_money_that_was_taken,
        paying.late_money_goes_back,
        paying.double_money_goes_back,
        notices.a_notice_settles,
        notices.a_duplicate_notice_changes_nothing,
        notices.a_replayed_notice_changes_nothing,
        notices.a_notice_before_the_answer_is_heard,
        notices.a_stale_notice_is_refused,
        notices.an_altered_notice_is_refused,
        notices.a_forged_notice_is_refused,
        notices.a_notice_about_nothing_we_know_is_refused,
        returning.a_refund_asked_for_twice_is_one,
        returning.refunds_in_parts_add_up,
        returning.a_silent_refund_is_asked_about,
        returning.a_refund_never_asked_for_is_unknown,
        returning.the_bill_has_every_line,
    )
}
"""What a channel with an outside keeps."""
