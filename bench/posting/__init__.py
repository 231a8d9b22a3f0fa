"""Posting over HTTP: the server and the clients of the ledger's benchmark."""
