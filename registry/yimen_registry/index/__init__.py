"""The simple index: what pip and uv read."""
