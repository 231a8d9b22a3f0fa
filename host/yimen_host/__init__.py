"""The Yimen host."""
