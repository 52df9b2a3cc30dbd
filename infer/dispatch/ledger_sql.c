#include "infer/dispatch/ledger_sql.h"

const char *const ds_sql_text[DS_SQL_STATEMENTS] = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "SELECT booked FROM account WHERE window = ?1 AND tier = ?2 AND key = ?3 AND tag = ?4",
    ("SELECT coalesce(sum(booked), 0) FROM account WHERE window >= ?1 AND window < ?5 AND window % 4 = 0 AND "
     "tier <> '' AND key <> '' AND tag <> '' AND (?2 = '' OR tier = ?2) AND (?3 = '' OR key = ?3) AND "
     "(?4 = '' OR tag = ?4)"),
    "INSERT OR IGNORE INTO account (window, tier, key, tag, booked) VALUES (?1, ?2, ?3, ?4, ?5)",
    ("UPDATE account SET booked = booked + ?5 WHERE window IN (?1, ?6, ?7, ?8) AND tier IN ('', ?2) AND "
     "key IN ('', ?3) AND tag IN ('', ?4)"),
    "INSERT INTO ticket (id, at, tier, key, tag, amount) VALUES (?1, ?6, ?2, ?3, ?4, ?5)",
    "SELECT at, tier, key, tag, amount FROM ticket WHERE id = ?1",
    "DELETE FROM ticket WHERE id = ?1",
    "SELECT booked FROM account WHERE window = 3 AND tier = '' AND key = '' AND tag = ''",
    "SELECT coalesce(sum(amount), 0) FROM ticket WHERE at >= ?1",
};

const char ds_sql_schema[] =
    "CREATE TABLE IF NOT EXISTS account (window INTEGER NOT NULL, tier TEXT NOT NULL, key TEXT NOT NULL,"
    " tag TEXT NOT NULL, booked INTEGER NOT NULL, PRIMARY KEY (window, tier, key, tag)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS ticket (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, tier TEXT NOT NULL,"
    " key TEXT NOT NULL, tag TEXT NOT NULL, amount INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS ledger (one INTEGER PRIMARY KEY CHECK (one = 1), home INTEGER NOT NULL);"
    "INSERT OR IGNORE INTO ledger VALUES (1, abs(random() / 2));"
    "INSERT OR IGNORE INTO account VALUES (3, '', '', '', 0);"
    "PRAGMA user_version = " DS_SQL_VERSION ";";
