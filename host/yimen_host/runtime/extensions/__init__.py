"""Operators' extensions: trusted code that runs inside the host and offers channels, authorities and senders."""
