"""A pretend bank for demos and tests, plainly marked as one. It has its own books and can be made to fail."""
