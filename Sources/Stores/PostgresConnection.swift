internal import CLibpq

/// Where a PostgreSQL database is, and as whom to use it.
package struct PostgresAddress: Equatable, Sendable {
    package var host: String
    package var port: UInt16
    package var user: String
    package var password: String
    package var database: String

    package init(host: String, port: UInt16, user: String, password: String, database: String) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }
}

/// A connection to PostgreSQL by libpq; every call waits for its answer.
///
/// After an error it is broken: make a new one.
package struct PostgresConnection: ~Copyable {
    private let connection: OpaquePointer
    private let store: String

    /// - Parameters:
    ///   - timeout: whole seconds for connecting, 2 at least (libpq's unit).
    ///   - refused: is lent the socket of a connection on which the server let nobody in; -1 where there was none.
    package init(
        _ address: PostgresAddress, timeout: Int = 5, refused: (Int32) -> Void = { _ in }
    ) throws(StoreError) {
        let store = "postgres \(address.host):\(address.port)"
        let settings = [
            ("host", address.host), ("port", "\(address.port)"), ("user", address.user),
            ("password", address.password), ("dbname", address.database), ("connect_timeout", "\(timeout)"),
        ]
        guard
            let connection = withPointers(
                settings.map(\.0),
                { keys in
                    withPointers(settings.map(\.1)) { values in PQconnectdbParams(keys, values, 0) }
                })
        else { throw StoreError(store, "out of memory") }
        guard PQstatus(connection) == CONNECTION_OK else {
            let reason = String(cString: PQerrorMessage(connection))
            refused(PQsocket(connection))
            PQfinish(connection)
            throw StoreError(store, reason)
        }
        // Notices are for people at a prompt; libpq would print them.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        self.connection = connection
        self.store = store
    }

    deinit { PQfinish(connection) }

    /// The connection's socket, to ask for its addresses.
    package var descriptor: Int32 { PQsocket(connection) }

    /// Sends text as it is (the simple protocol); of several statements the last one's result counts.
    package borrowing func execute(_ statement: String) throws(StoreError) -> PostgresResult {
        try result(PQexec(connection, statement))
    }

    /// Sends a statement and its parameters $1, $2… apart (the extended protocol).
    package borrowing func execute(_ statement: String, _ parameters: [String?]) throws(StoreError) -> PostgresResult {
        try result(
            withPointers(parameters) { values in
                PQexecParams(connection, statement, Int32(parameters.count), nil, values, nil, nil, 0)
            })
    }

    package borrowing func prepare(_ name: String, _ statement: String) throws(StoreError) -> PostgresResult {
        try result(PQprepare(connection, name, statement, 0, nil))
    }

    package borrowing func execute(prepared name: String, _ parameters: [String?]) throws(StoreError) -> PostgresResult
    {
        try result(
            withPointers(parameters) { values in
                PQexecPrepared(connection, name, Int32(parameters.count), values, nil, nil, 0)
            })
    }

    private borrowing func result(_ result: OpaquePointer?) throws(StoreError) -> PostgresResult {
        defer { PQclear(result) }
        guard let result, PQstatus(connection) == CONNECTION_OK else {
            throw StoreError(store, String(cString: PQerrorMessage(connection)))
        }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK: return Self.rows(result)
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            return .done(changed: Int(String(cString: PQcmdTuples(result))) ?? 0)
        default:
            // PG_DIAG_SQLSTATE and PG_DIAG_MESSAGE_PRIMARY, character macros that Swift does not import.
            let state = PQresultErrorField(result, Int32(UInt8(ascii: "C")))
            let message = PQresultErrorField(result, Int32(UInt8(ascii: "M")))
            return .error(
                state: state.map { String(cString: $0) } ?? "", message: message.map { String(cString: $0) } ?? "")
        }
    }

    private static func rows(_ result: OpaquePointer) -> PostgresResult {
        let columns = 0..<PQnfields(result)
        return .rows(
            columns: columns.map { PQfname(result, $0).map { String(cString: $0) } ?? "" },
            (0..<PQntuples(result)).map { row in
                columns.map { PQgetisnull(result, row, $0) == 1 ? nil : String(cString: PQgetvalue(result, row, $0)) }
            })
    }
}

/// Hands C an array of strings that ends with a null pointer.
private func withPointers<Result>(
    _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
    func next(_ index: Int, _ pointers: [UnsafePointer<CChar>?]) -> Result {
        guard index < texts.count else { return (pointers + [nil]).withUnsafeBufferPointer { body($0.baseAddress) } }
        guard let text = texts[index] else { return next(index + 1, pointers + [nil]) }
        return text.withCString { next(index + 1, pointers + [$0]) }
    }
    return next(0, [])
}
