"""A power company that does not exist: households, meters, bills, and payments that are kept in a file."""
