"""The supervisor: its own program that owns every release's socket and starts, watches and ends workers."""
