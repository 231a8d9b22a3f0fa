"""Uploads: a wheel comes in, or is refused with every reason."""
