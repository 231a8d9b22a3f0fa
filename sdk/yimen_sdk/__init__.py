"""The Yimen SDK."""
