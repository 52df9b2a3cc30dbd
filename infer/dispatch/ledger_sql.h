/* What the ledger's SQLite file holds, and the statements that work on it.
 *
 *   account  what is booked (settled and reserved together) for a window and three names
 *   ticket   reservations that are not settled, with what is needed to change their accounts
 *   ledger   one row: a random number, by which this file is told from another one at its place
 *
 * The hour accounts with three exact names are the cells of which all others are sums: an account that a new
 * budget needs in the middle of its period begins as the sum of its cells, so that a budget is right from the
 * moment it is written down. */
#ifndef TIERCE_DISPATCH_LEDGER_SQL_H
#define TIERCE_DISPATCH_LEDGER_SQL_H

#define DS_SQL_VERSION "1"

typedef enum {
    DS_SQL_BEGIN,
    DS_SQL_COMMIT,
    DS_SQL_ROLLBACK,
    DS_SQL_GET,
    DS_SQL_SUM,
    DS_SQL_ADD_ACCOUNT,
    DS_SQL_CHANGE,
    DS_SQL_ADD_TICKET,
    DS_SQL_GET_TICKET,
    DS_SQL_DROP_TICKET,
    DS_SQL_TOTAL,
    DS_SQL_RESERVED,
    DS_SQL_STATEMENTS
} ds_sql;

extern const char *const ds_sql_text[DS_SQL_STATEMENTS];
extern const char ds_sql_schema[];

#endif
