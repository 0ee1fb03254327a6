extension SQLWord {
    /// A statement may begin with it.
    var isVerb: Bool { rawValue > SQLWord.none.rawValue && rawValue <= SQLWord.readReplicationSlot.rawValue }

    /// It is no name where one is expected.
    var isReserved: Bool {
        switch self {
        case .select, .from, .where, .group, .order, .having, .limit, .union, .intersect, .except, .returning, .set,
            .values, .join, .on, .using, .into, .as, .and, .or, .not, .in, .is, .like, .between, .then, .else, .case,
            .when, .distinct, .all, .any, .array, .with, .for, .left, .right, .inner, .cross, .natural, .table,
            .create, .update, .insert, .delete, .null, .true, .false, .default:
            true
        default: false
        }
    }

    /// A sign behind it is a number's: what stands before it is no value.
    var precedesValue: Bool {
        switch self {
        case .none, .null, .true, .false, .end, .default, .row, .key, .user, .role, .data, .type, .value: false
        default: true
        }
    }

    /// It stands between a statement's verb and the name that the verb acts on.
    var isBeforeName: Bool {
        switch self {
        case .only, .lateral, .ignore, .lowPriority, .highPriority, .delayed, .quick, .overwrite, .full, .freeze,
            .verbose, .analyze, .concurrently, .if, .not, .exists, .materialized, .view, .table, .into, .tables,
            .database,
            .schema, .index, .procedure, .recursive:
            true
        default: false
        }
    }

    /// What CREATE, ALTER and DROP act on.
    var isObject: Bool {
        switch self {
        case .table, .index, .view, .function, .procedure, .proc, .trigger, .sequence, .schema, .database, .role,
            .user, .login, .type, .domain, .extension, .policy, .rule, .server, .publication, .subscription, .synonym,
            .event, .statistics, .collation, .tablespace, .aggregate:
            true
        default: false
        }
    }

    /// FROM, within the parentheses of a call of this, names no table (ISO/IEC 9075-2, section 6).
    var hasOwnFrom: Bool {
        switch self {
        case .extract, .substring, .substr, .trim, .overlay, .position: true
        default: false
        }
    }

    /// Tables can't follow in a list behind it.
    var endsTables: Bool {
        switch self {
        case .where, .group, .order, .having, .limit, .union, .intersect, .except, .minus, .returning, .window,
            .offset, .for, .set, .values, .output, .when, .fetch:
            true
        default: false
        }
    }

    /// A list that begins behind it names more of what it acts on.
    var takesList: Bool {
        switch self {
        case .update, .truncate, .lock, .vacuum, .drop: true
        default: false
        }
    }

    /// The statement names what it acts on right behind its verb.
    var namesItsObject: Bool {
        switch self {
        case .truncate, .lock, .vacuum, .analyze, .refresh, .copy, .call, .execute, .exec, .describe, .listen,
            .notify, .insert, .merge, .replace, .table, .cluster, .reindex, .optimize, .check, .repair, .unlisten,
            .startReplication, .createReplicationSlot, .dropReplicationSlot, .readReplicationSlot:
            true
        default: false
        }
    }

    /// SELECT, FROM and other words in it are of another meaning.
    var hidesTables: Bool {
        switch self {
        case .grant, .revoke, .deny, .show, .fetch, .move, .close, .start, .startReplication, .kill, .release,
            .deallocate, .baseBackup, .createReplicationSlot, .dropReplicationSlot, .readReplicationSlot:
            true
        default: false
        }
    }

    /// It changes rows, and may begin a statement within another.
    var changesRows: Bool {
        switch self {
        case .insert, .update, .delete, .merge: true
        default: false
        }
    }
}
