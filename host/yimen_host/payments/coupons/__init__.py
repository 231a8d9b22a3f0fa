"""Consumer coupons 消费券: a government's budget, given out fairly and spent at merchants, fen by fen in the ledger."""
