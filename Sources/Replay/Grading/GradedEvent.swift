import Shared

/// A kind of event that a manifest tells of, and that the pipeline should see.
enum EventKind: Int, CaseIterable {
    case connection
    case request
    case response
    case statement
    case command
    case message

    /// Kinds of events that lie within a connection.
    static let within: [EventKind] = [.request, .response, .statement, .command, .message]

    var name: String {
        switch self {
        case .connection: "connection"
        case .request: "http request"
        case .response: "http response"
        case .statement: "sql statement"
        case .command: "redis command"
        case .message: "websocket message"
        }
    }

    /// What is compared of an event.
    var fields: [String] {
        switch self {
        case .connection: ["protocol", "bytes sent", "bytes received", "end"]
        case .request: ["method", "path", "wire bytes", "body bytes", "body sha256", "grpc messages"]
        case .response:
            ["request", "status", "wire bytes", "body bytes", "body sha256", "grpc messages", "grpc status"]
        case .statement: ["text", "operation", "targets", "status", "code", "rows", "affected"]
        case .command: ["text", "operation", "targets", "status", "code", "hits", "misses"]
        case .message: ["from", "opcode", "body bytes", "body sha256"]
        }
    }

    /// How many of the fields, from the first, tell one event from its neighbours.
    var identity: Int {
        switch self {
        case .connection: 4
        case .request, .response, .message: 2
        case .statement, .command: 1
        }
    }
}

/// An event as the manifest tells of it, or as the pipeline saw it.
struct GradedEvent {
    /// In the order of the kind's fields; `nil` where it is not told, or not known.
    var values: [String?]
    /// The manifest's line; 0 for what was seen.
    var line = 0
    /// It is the server's own view.
    var isServersView = false

    /// - Returns: whether a field was seen as it was told.
    static func agrees(_ told: GradedEvent, _ seen: GradedEvent?, _ kind: EventKind, field: Int) -> Bool {
        guard let seen, let value = seen.values[field] else { return told.values[field] == nil }
        if value == told.values[field] { return true }
        guard kind == .connection else { return false }
        let isClosed = value == "orderly" || value == "reset"
        switch kind.fields[field] {
        case "bytes sent": return seen.hasLeftUnread(told)
        // The kernel closes for a process that was killed: with a FIN or, where bytes were unread, with a RST.
        case "end": return isClosed && (told.values[3] == "died" || seen.hasLeftUnread(told))
        default: return false
        }
    }

    /// The client's last bytes did not reach a server that was about to close, or had closed, and was not told of the RST
    /// that it answered them with.
    private func hasLeftUnread(_ told: GradedEvent) -> Bool {
        guard isServersView, told.values[3] == "reset", let all = told.values[1].flatMap({ UInt64($0) }),
            let had = values[1].flatMap({ UInt64($0) })
        else { return false }
        return had < all
    }
}

/// The fields of statements and commands: both sides write them alike, so that what is not there can be compared, too.
enum GradedOperation {
    /// What stands for a number, a code or targets that an operation does not have.
    static let nothing = "none"

    static func targets(_ names: [String]) -> String { names.isEmpty ? nothing : names.joined(separator: ", ") }
}

/// The two ends of a connection: the client's is `local`.
struct Tuple: Hashable, CustomStringConvertible {
    var local: Endpoint
    var remote: Endpoint

    var description: String { "\(local) -> \(remote)" }
}

/// A connection and all that happened on it, in order.
struct GradedConnection {
    var tuple: Tuple
    /// The connection itself: what it talked, how many bytes, how it ended.
    var connection: GradedEvent
    var events: [EventKind: [GradedEvent]] = [:]

    subscript(kind: EventKind) -> [GradedEvent] { events[kind] ?? [] }
}
