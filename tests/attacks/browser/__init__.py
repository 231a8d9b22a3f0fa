"""A hostile page in a real browser."""
