"""Submissions: a frozen snapshot on its way through checks and review."""
