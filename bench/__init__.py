"""Benchmarks: each prints one JSON object whose `ratio` compares Yimen with a yardstick measured in the same run."""
