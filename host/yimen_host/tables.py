"""Imports every feature's tables, so that the metadata is whole. For migrations and their check only."""

import yimen_host.core.deadletters
import yimen_host.core.outbox
import yimen_host.identity.mandates.models
import yimen_host.identity.models
import yimen_host.notices.dispatches.models
import yimen_host.notices.models
import yimen_host.payments.channels.sandbox_bank.models
import yimen_host.payments.coupons.models
import yimen_host.payments.ledger.models
import yimen_host.payments.merchants.models
import yimen_host.payments.models
import yimen_host.payments.reconciliation.models
import yimen_host.payments.settlement.models
import yimen_host.payments.splits.models
import yimen_host.payments.webhooks.models
import yimen_host.runtime.models  # noqa: F401
