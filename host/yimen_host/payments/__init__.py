"""Payments: the ledger, orders, attempts, refunds, channels, the cashier."""
