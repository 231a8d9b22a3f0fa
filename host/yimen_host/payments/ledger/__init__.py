"""The ledger 账本: double entry, append-only, batched. The rule is arithmetic; the writer is its only way in."""
