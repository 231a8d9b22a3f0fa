"""API tokens: what an upload shows instead of a person."""
