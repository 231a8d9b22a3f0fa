"""All SQL of reconciliation: the two sides of a day, the runs, the breaks."""
