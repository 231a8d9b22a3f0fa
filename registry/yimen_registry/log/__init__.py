"""The log of every act, chained by hashes."""
