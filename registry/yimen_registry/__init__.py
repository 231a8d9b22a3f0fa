"""The Yimen registry."""
