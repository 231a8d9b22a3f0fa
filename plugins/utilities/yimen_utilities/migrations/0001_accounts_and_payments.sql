-- Accounts 户号 that residents linked, and bill payments. Residents are known by their pairwise name only.
CREATE TABLE account (
    resident text NOT NULL,
    number text NOT NULL CHECK (number ~ '^[0-9]{10}$'),
    relation text NOT NULL CHECK (relation IN ('self', 'parent', 'other')),
    holder text NOT NULL,
    address text NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (resident, number)
);

CREATE TABLE bill_payment (
    id text PRIMARY KEY,
    resident text NOT NULL,
    number text NOT NULL,
    period text NOT NULL,
    fen bigint NOT NULL CHECK (fen > 0),
    state text NOT NULL,
    order_id text,
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- A bill has one payment under way or done, whoever pays it: this is what keeps two tabs from paying twice.
CREATE UNIQUE INDEX one_open_payment ON bill_payment (number, period)
    WHERE state IN ('created', 'funded', 'submitted', 'uncertain', 'confirmed');
CREATE INDEX payments_of_resident ON bill_payment (resident, created_at DESC);
