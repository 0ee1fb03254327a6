private import CSQLite
import Console
import Shared

/// An in-memory database of SQLite, for one connection.
final class Database {
    private let handle: OpaquePointer

    init() throws(Failure) {
        var handle: OpaquePointer?
        guard sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, nil) == SQLITE_OK,
            let handle
        else { throw Failure("query: SQLite can't be opened: \(String(cString: sqlite3_errstr(SQLITE_NOMEM)))") }
        self.handle = handle
    }

    deinit { sqlite3_close_v2(handle) }

    /// What SQLite says of what it could not do last.
    private var failure: Failure { Failure("query: \(String(cString: sqlite3_errmsg(handle)))") }

    /// Statements of our own.
    func execute(_ sql: String) throws(Failure) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure }
    }

    func prepare(_ sql: String) throws(Failure) -> Statement {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, let statement else { throw failure }
        return Statement(statement)
    }

    /// Prepares what a user asks, which may be one statement that only reads.
    ///
    /// Who reads only can't change what is there, nor reach another file (ATTACH), whatever a view or a recipe from elsewhere says.
    func prepare(query: String) throws(Failure) -> Statement {
        sqlite3_set_authorizer(
            handle,
            { _, action, _, _, _, _ in
                switch action {
                case SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION, SQLITE_RECURSIVE: SQLITE_OK
                default: SQLITE_DENY
                }
            }, nil)
        defer { sqlite3_set_authorizer(handle, nil, nil) }
        var statement: OpaquePointer?
        var (rest, result) = ("", SQLITE_OK)
        query.withCString { start in
            var tail: UnsafePointer<CChar>?
            result = sqlite3_prepare_v2(handle, start, -1, &statement, &tail)
            if let tail { rest = String(cString: tail) }
        }
        if result == SQLITE_AUTH { throw Failure("query: only SELECT is there; tables and views can't be changed") }
        guard result == SQLITE_OK else { throw fault(in: query) }
        guard let statement else { throw Failure("query: there is no statement; give a SELECT") }
        let prepared = Statement(statement)
        // Its end, blanks and comments may follow.
        var next: OpaquePointer?
        guard sqlite3_prepare_v2(handle, rest, -1, &next, nil) == SQLITE_OK, next == nil else {
            sqlite3_finalize(next)
            throw Failure("query: there is more than one statement; give one SELECT")
        }
        guard sqlite3_stmt_readonly(statement) != 0 else {
            throw Failure("query: only SELECT is there; tables and views can't be changed")
        }
        return prepared
    }

    /// What is wrong with a query, and where.
    private func fault(in query: String) -> Failure {
        let reason = String(cString: sqlite3_errmsg(handle))
        let at = Int(sqlite3_error_offset(handle))
        let bytes = Array(query.utf8)
        guard bytes.indices.contains(at) else { return Failure("query: \(reason)") }
        let near = String(decoding: bytes[at...].prefix(24), as: UTF8.self).prefix { !$0.isNewline }
        return Failure(
            "query: \(reason), at character \(String(decoding: bytes[..<at], as: UTF8.self).count + 1): \(near)")
    }

    /// Steps a statement whose rows are of no interest, and makes it ready for the next.
    func run(_ statement: Statement) throws(Failure) {
        let result = sqlite3_step(statement.handle)
        statement.reset()
        guard result == SQLITE_DONE || result == SQLITE_ROW else { throw failure }
    }

    /// Bytes that an answer may take beside the tables, where there is a limit.
    private var answerBytes: Int?
    /// Of one value.
    private static let valueBytes: Int32 = 64 << 20

    /// From now on a question whose answer takes more memory than there may be is an error: a recursion that never ends would
    /// take all of the machine's, or, in files for what does not fit, all of its disk.
    /// - Parameter most: bytes, for what an answer takes beside the tables: to sort, to group, to find what is there once.
    func limitMemory(_ most: Int) throws(Failure) {
        answerBytes = most
        try execute("PRAGMA temp_store = MEMORY")
        sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, Self.valueBytes)
        sqlite3_hard_heap_limit64(sqlite3_memory_used() + Int64(most))
    }

    /// What is asked from now on may take so many steps of SQLite's machine and no more, counted in thousands: an answer is in time, or is an
    /// error, the same on every machine.
    func limitSteps(_ most: Int) {
        restSteps = most
        sqlite3_progress_handler(
            handle, Self.stepsOfRound,
            { database in
                guard let database else { return 0 }
                let own = Unmanaged<Database>.fromOpaque(database).takeUnretainedValue()
                own.restSteps -= Int(Database.stepsOfRound)
                return own.restSteps > 0 ? 0 : 1
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private var restSteps = Int.max
    private static let stepsOfRound: Int32 = 1000

    /// The next row.
    /// - Returns: whether there is one.
    func step(_ statement: Statement) throws(Failure) -> Bool {
        switch sqlite3_step(statement.handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case SQLITE_NOMEM:
            guard let answerBytes else { throw failure }
            throw Failure(
                "query: the answer takes more than \(Quantity.bytes(UInt64(answerBytes))) of memory beside the tables; "
                    + "does a recursion end? Else give it more by --memory")
        case SQLITE_INTERRUPT:
            throw Failure("query: the answer takes too long; does a recursion end? Else ask for less")
        default: throw failure
        }
    }

    /// The database as a file's bytes.
    func withFile(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
        var count: sqlite3_int64 = 0
        guard let bytes = sqlite3_serialize(handle, "main", &count, 0) else {
            throw Failure("--db: there is no memory for the database's file")
        }
        defer { sqlite3_free(bytes) }
        try body(UnsafeRawBufferPointer(start: bytes, count: Int(count)).bytes)
    }
}

/// A statement that SQLite has compiled.
final class Statement {
    fileprivate let handle: OpaquePointer

    fileprivate init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { sqlite3_finalize(handle) }

    fileprivate func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    // MARK: Parameters, from 1 on

    func bind(_ value: Int64, at place: Int) { sqlite3_bind_int64(handle, Int32(place), value) }
    func bind(_ value: Double, at place: Int) { sqlite3_bind_double(handle, Int32(place), value) }

    /// SQLite takes a copy.
    func bind(_ text: RawSpan, at place: Int) {
        text.withUnsafeBytes { bytes in
            // An empty span may have no address, which would be NULL.
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            withUnsafePointer(to: CChar(0)) { empty in
                _ = sqlite3_bind_text64(
                    handle, Int32(place), start ?? empty, sqlite3_uint64(bytes.count),
                    unsafeBitCast(-1, to: sqlite3_destructor_type.self), UInt8(SQLITE_UTF8))
            }
        }
    }

    func bind(_ text: String, at place: Int) {
        let bytes = Array(text.utf8)
        bind(bytes.span.bytes, at: place)
    }

    // MARK: Results

    /// What a row has for a column.
    enum Value: Equatable {
        case null
        case integer(Int64)
        /// As SQLite writes it: `0.25`, `1.0e+20`, `Inf`.
        case real(String)
        case text(String)
        case bytes([UInt8])
    }

    var columnNames: [String] {
        (0..<sqlite3_column_count(handle)).map { place in
            sqlite3_column_name(handle, place).map { String(cString: $0) } ?? ""
        }
    }

    /// Of the row that was stepped to.
    var row: [Value] { (0..<sqlite3_column_count(handle)).map { value($0) } }

    private func value(_ place: Int32) -> Value {
        switch sqlite3_column_type(handle, place) {
        case SQLITE_NULL: .null
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(handle, place))
        case SQLITE_FLOAT: .real(text(place))
        case SQLITE_TEXT: .text(text(place))
        default: .bytes(Self.bytes(sqlite3_column_blob(handle, place), sqlite3_column_bytes(handle, place)))
        }
    }

    private func text(_ place: Int32) -> String {
        // The pointer before the length: asking for it may change that.
        let start = sqlite3_column_text(handle, place)
        return String(decoding: Self.bytes(start, sqlite3_column_bytes(handle, place)), as: UTF8.self)
    }

    private static func bytes(_ start: UnsafeRawPointer?, _ count: Int32) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(count)))
    }
}
