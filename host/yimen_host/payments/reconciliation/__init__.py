"""Reconciliation 对账: a channel's daily bill against our ledger, and what becomes of each difference."""
