"""All SQL of payments outside the ledger, a module per table."""
