"""All SQL of settlement: batches, and a merchant's lines in the journal with the fee of each."""
