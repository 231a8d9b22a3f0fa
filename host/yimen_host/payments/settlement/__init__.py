"""Settlement 结算: what merchants are owed leaves in daily batches; every line of theirs is in exactly one."""
