import Console
import Shared
import Stores

/// A connection to PostgreSQL that tells the manifest what is done on it.
struct PostgresSession: ~Copyable {
    private let watched: Watched<PostgresConnection>
    private var prepared: Set<String> = []

    /// - Parameter manifest: is told, too, of a connection on which the server let nobody in.
    init(_ address: PostgresAddress, _ manifest: Manifest?) throws(StoreError) {
        let connection = try PostgresConnection(address) { descriptor in
            guard let tuple = Manifest.Tuple(ofClient: descriptor), let counters = SocketCounters(descriptor) else {
                return
            }
            manifest?.connection(
                tuple, counters.sent > 0 ? .postgres : .unknown, sent: counters.sent, received: counters.received,
                end: counters.end)
        }
        let descriptor = connection.descriptor
        watched = Watched(connection, descriptor: descriptor)
    }

    mutating func execute(_ statement: Statement, _ manifest: Manifest?) throws(StoreError) -> PostgresResult {
        if case .prepared(let name) = statement.form, !prepared.contains(name) {
            let result = try watched.connection.prepare(name, statement.text)
            if case .error = result { return result }
            prepared.insert(name)
        }
        let began = Clock.wall
        let sentBefore = watched.counters?.sent
        do throws(StoreError) {
            let result = try send(statement)
            tell(statement, result, manifest, at: began)
            return result
        } catch {
            // What left the process before the connection broke has happened.
            if watched.counters?.sent != sentBefore { tell(statement, nil, manifest, at: began) }
            throw error
        }
    }

    private func send(_ statement: Statement) throws(StoreError) -> PostgresResult {
        switch statement.form {
        case .text: try watched.connection.execute(statement.text)
        case .parameters: try watched.connection.execute(statement.text, statement.parameters)
        case .prepared(let name): try watched.connection.execute(prepared: name, statement.parameters)
        }
    }

    private func tell(
        _ statement: Statement, _ result: PostgresResult?, _ manifest: Manifest?, at time: Timestamp
    ) {
        guard let tuple = watched.tuple else { return }
        let operation = Manifest.Operation(
            kind: .sql, statement: statement.pattern, name: statement.operation, targets: statement.targets,
            outcome: result.map { Manifest.Outcome($0) })
        manifest?.operation(tuple, operation, at: time)
    }

    /// The server has not ended the connection.
    var isOpen: Bool { watched.isOpen }

    /// - Returns: what the connection has carried.
    consuming func end(_ manifest: Manifest?) -> SocketCounters? {
        let tuple = watched.tuple
        guard let counters = watched.end(), let tuple else { return nil }
        manifest?.connection(tuple, .postgres, sent: counters.sent, received: counters.received, end: counters.end)
        return counters
    }
}

extension Manifest.Outcome {
    fileprivate init(_ result: PostgresResult) {
        let (rows, changed) =
            switch result {
            case .rows(_, let rows): (rows.count, 0)
            case .done(let changed): (0, changed)
            case .error: (0, 0)
            }
        if case .error(let state, _) = result { code = state }
        counts = [("rows", rows), ("affected", changed)]
    }
}
