/// The words that mean something to `SQLReader`, in letters of either case.
///
/// Words that are no name where a name is expected are `isReserved`; what begins a statement `isVerb`.
enum SQLWord: UInt8, CaseIterable, Sendable {
    /// Any other word.
    case none
    case select, insert, update, delete, merge, replace, create, alter, drop, truncate, call, execute, exec
    case explain, copy, lock, begin, commit, rollback, start, set, show, vacuum, analyze, declare, fetch, move
    case prepare, refresh, listen, unlisten, notify, grant, revoke, use, describe, desc, load, table, values, `do`
    case deallocate, discard, close, savepoint, release, end, abort, reset, comment, cluster, reindex, checkpoint
    case unlock, flush, kill, optimize, check, repair, rename, handler, xa, `if`, `while`, print, raiserror
    case `throw`, backup, restore, bulk, save, open, reassign, security, `import`, deny, go, `return`
    case startReplication, identifySystem, baseBackup, timelineHistory, createReplicationSlot, dropReplicationSlot
    case readReplicationSlot, with, recursive, from, join, apply, straightJoin, using, into, `where`, group, order
    case having, limit, union, intersect, except, minus, returning, window, offset, `for`, output, when, `as`, on
    case and, or, not, `in`, `is`, like, between, then, `else`, `case`, distinct, all, any, some, array, row
    case lateral, only, ignore, lowPriority, highPriority, delayed, quick, overwrite, full, freeze, verbose
    case concurrently, exists, materialized, `true`, `false`, null, `default`, extract, substring, substr, trim
    case overlay, position, by, key, temp, temporary, unique, global, local, unlogged, clustered, nonclustered
    case foreign, fulltext, spatial, external, index, view, function, procedure, proc, trigger, sequence, schema
    case database, role, user, login, type, domain, `extension`, policy, rule, server, publication, subscription
    case synonym, event, statistics, collation, tablespace, aggregate, cursor, atomic, loop, `repeat`, out
    case recompile, value, of, to, left, right, inner, outer, cross, natural, next, prior, tables, data, returns
    case work, transaction, tran, names

    /// As it is written in capitals.
    var text: StaticString { Self.texts[Int(rawValue)] }

    private static let texts: [StaticString] = [
        "", "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "CREATE", "ALTER", "DROP", "TRUNCATE",
        "CALL", "EXECUTE", "EXEC", "EXPLAIN", "COPY", "LOCK", "BEGIN", "COMMIT", "ROLLBACK", "START", "SET", "SHOW",
        "VACUUM", "ANALYZE", "DECLARE", "FETCH", "MOVE", "PREPARE", "REFRESH", "LISTEN", "UNLISTEN", "NOTIFY",
        "GRANT", "REVOKE", "USE", "DESCRIBE", "DESC", "LOAD", "TABLE", "VALUES", "DO", "DEALLOCATE", "DISCARD",
        "CLOSE", "SAVEPOINT", "RELEASE", "END", "ABORT", "RESET", "COMMENT", "CLUSTER", "REINDEX", "CHECKPOINT",
        "UNLOCK", "FLUSH", "KILL", "OPTIMIZE", "CHECK", "REPAIR", "RENAME", "HANDLER", "XA", "IF", "WHILE", "PRINT",
        "RAISERROR", "THROW", "BACKUP", "RESTORE", "BULK", "SAVE", "OPEN", "REASSIGN", "SECURITY", "IMPORT", "DENY",
        "GO", "RETURN", "START_REPLICATION", "IDENTIFY_SYSTEM", "BASE_BACKUP", "TIMELINE_HISTORY",
        "CREATE_REPLICATION_SLOT", "DROP_REPLICATION_SLOT", "READ_REPLICATION_SLOT", "WITH", "RECURSIVE", "FROM",
        "JOIN", "APPLY", "STRAIGHT_JOIN", "USING", "INTO", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION",
        "INTERSECT", "EXCEPT", "MINUS", "RETURNING", "WINDOW", "OFFSET", "FOR", "OUTPUT", "WHEN", "AS", "ON", "AND",
        "OR", "NOT", "IN", "IS", "LIKE", "BETWEEN", "THEN", "ELSE", "CASE", "DISTINCT", "ALL", "ANY", "SOME",
        "ARRAY", "ROW", "LATERAL", "ONLY", "IGNORE", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK",
        "OVERWRITE", "FULL", "FREEZE", "VERBOSE", "CONCURRENTLY", "EXISTS", "MATERIALIZED", "TRUE", "FALSE", "NULL",
        "DEFAULT", "EXTRACT", "SUBSTRING", "SUBSTR", "TRIM", "OVERLAY", "POSITION", "BY", "KEY", "TEMP", "TEMPORARY",
        "UNIQUE", "GLOBAL", "LOCAL", "UNLOGGED", "CLUSTERED", "NONCLUSTERED", "FOREIGN", "FULLTEXT", "SPATIAL",
        "EXTERNAL", "INDEX", "VIEW", "FUNCTION", "PROCEDURE", "PROC", "TRIGGER", "SEQUENCE", "SCHEMA", "DATABASE",
        "ROLE", "USER", "LOGIN", "TYPE", "DOMAIN", "EXTENSION", "POLICY", "RULE", "SERVER", "PUBLICATION",
        "SUBSCRIPTION", "SYNONYM", "EVENT", "STATISTICS", "COLLATION", "TABLESPACE", "AGGREGATE", "CURSOR", "ATOMIC",
        "LOOP", "REPEAT", "OUT", "RECOMPILE", "VALUE", "OF", "TO", "LEFT", "RIGHT", "INNER", "OUTER", "CROSS",
        "NATURAL", "NEXT", "PRIOR", "TABLES", "DATA", "RETURNS", "WORK", "TRANSACTION", "TRAN", "NAMES",
    ]
}
