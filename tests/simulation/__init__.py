"""A simulator of payments: one seed is one history, full of bad luck, on a clock that does not run by itself."""
