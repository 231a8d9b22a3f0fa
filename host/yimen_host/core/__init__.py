"""What every feature stands on: database, clock, ids, keys, errors, outbox, pages."""
