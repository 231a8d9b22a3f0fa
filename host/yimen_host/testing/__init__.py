"""Kits for those who write extensions of the host. Nothing of the host imports them."""
