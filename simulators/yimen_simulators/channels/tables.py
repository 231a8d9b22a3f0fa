"""The tables of the providers' books."""

TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS number (n INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE IF NOT EXISTS trade (
    channel TEXT, ref TEXT, number TEXT UNIQUE, title TEXT, fen INTEGER CHECK (fen > 0), state TEXT,
    notify_url TEXT, return_url TEXT, paid_fen INTEGER, paid_at TEXT, made_at TEXT, PRIMARY KEY (channel, ref));
CREATE TABLE IF NOT EXISTS refund (
    channel TEXT, ref TEXT, trade_ref TEXT, number TEXT, fen INTEGER CHECK (fen > 0), at TEXT,
    PRIMARY KEY (channel, ref));
"""
