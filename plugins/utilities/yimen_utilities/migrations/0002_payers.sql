-- Who pays a bill, where somebody acts for the resident by a mandate; known by their own pairwise name.
ALTER TABLE bill_payment ADD COLUMN payer text;
