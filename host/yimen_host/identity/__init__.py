"""Who a resident is, how sure we are, and what they granted to whom."""
