"""Dispatches: what alerts say to operators outside the host, who do not look at an inbox all night."""
