"""All SQL of coupons, a file for each kind of object."""
