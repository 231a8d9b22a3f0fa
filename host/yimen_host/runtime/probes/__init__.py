"""Attacks that a hostile mini-app would try: the canary runs them in a worker, and what succeeds sets the level."""
