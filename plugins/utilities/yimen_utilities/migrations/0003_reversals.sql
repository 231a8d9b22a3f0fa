-- When the power company was first told of a payment; and a payment that is being undone 冲正 still holds its bill.
ALTER TABLE bill_payment ADD COLUMN told_at timestamptz;
DROP INDEX one_open_payment;
CREATE UNIQUE INDEX one_open_payment ON bill_payment (number, period)
    WHERE state IN ('created', 'funded', 'submitted', 'uncertain', 'reversing', 'confirmed');
