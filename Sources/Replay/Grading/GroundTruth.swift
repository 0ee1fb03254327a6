import Console
import Shared

/// What a manifest tells: the connections that were really made, and what was said on them.
///
/// The lines of a connection stand before the line that ends it, so a tuple that was used twice is two connections.
struct GroundTruth {
    /// Connections by their ends, those of one tuple in the order in which they ended.
    private(set) var connections: [Tuple: [GradedConnection]] = [:]
    /// The tuples in the order in which the manifest names them.
    private(set) var tuples: [Tuple] = []
    /// Connections without a line that ends them: the manifest was cut short.
    private(set) var unended = 0

    init(_ path: String) throws(Failure) {
        guard let bytes = TextFile.bytes(path) else {
            throw Failure("--manifest \(path): can't be read; make one with `traffic --manifest FILE`")
        }
        try self.init(bytes, name: path)
    }

    /// - Parameter name: for messages.
    init(_ bytes: [UInt8], name: String) throws(Failure) {
        var lines: [Line] = []
        for (place, text) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where !text.isEmpty {
            do throws(JSONLine.Failure) {
                let text = Array(text)
                lines.append(try Line(JSONFields(JSONLine.parse(text.span.bytes)), number: place + 1))
            } catch {
                throw Failure("--manifest \(name): line \(place + 1): \(error.reason)")
            }
        }
        guard !lines.isEmpty else { throw Failure("--manifest \(name): is empty; there is nothing to compare with") }
        gather(lines)
    }

    private mutating func gather(_ lines: [Line]) {
        // Where both sides wrote, the client's line ends the connection, and the server's says the same.
        let toldByClient = Set(lines.filter(\.isEndByClient).map(\.tuple))
        var open: [Tuple: GradedConnection] = [:]
        for line in lines {
            if connections[line.tuple] == nil {
                connections[line.tuple] = []
                tuples.append(line.tuple)
            }
            switch line.content {
            case .end(let values, let byClient):
                guard byClient || !toldByClient.contains(line.tuple) else { continue }
                var ended = open.removeValue(forKey: line.tuple) ?? line.connection
                ended.connection = GradedEvent(values: values, line: line.number)
                connections[line.tuple]?.append(ended)
            case .events(let events):
                for (kind, values) in events {
                    open[line.tuple, default: line.connection].events[kind, default: []].append(
                        GradedEvent(values: values, line: line.number))
                }
            }
        }
        unended = open.count
        for tuple in tuples {
            if let rest = open[tuple] { connections[tuple]?.append(rest) }
        }
    }
}

/// A line of a manifest.
private struct Line {
    var number: Int
    var tuple: Tuple
    var content: Content

    enum Content {
        /// The values of a connection that has ended.
        case end([String?], byClient: Bool)
        case events([(EventKind, [String?])])
    }

    typealias Failure = JSONLine.Failure

    var isEndByClient: Bool { if case .end(_, true) = content { true } else { false } }

    /// A connection of which nothing is known yet.
    var connection: GradedConnection {
        GradedConnection(
            tuple: tuple,
            connection: GradedEvent(values: EventKind.connection.fields.map { _ in nil }, line: number))
    }

    init(_ fields: JSONFields, number: Int) throws(Failure) {
        self.number = number
        tuple = Tuple(local: try fields.endpoint("local"), remote: try fields.endpoint("remote"))
        switch try fields.string("kind") {
        case "connection": content = try Self.end(fields)
        case "http": content = .events(try Self.exchange(fields))
        case "sql": content = .events([(.statement, try Self.operation(fields, counts: "rows", "affected"))])
        case "redis": content = .events([(.command, try Self.operation(fields, counts: "hits", "misses"))])
        case "websocket": content = .events([(.message, try Self.message(fields))])
        case let other: throw Failure("kind \(other) is none of connection, http, sql, redis, websocket")
        }
    }

    /// What the client sent, whoever tells it.
    private static func end(_ fields: JSONFields) throws(Failure) -> Content {
        let byClient = try fields.optionalString("role") ?? "client" == "client"
        let sent = try text(fields, byClient ? "bytes_sent" : "bytes_received")
        let received = try text(fields, byClient ? "bytes_received" : "bytes_sent")
        return .end(
            [try fields.optionalString("protocol"), sent, received, try fields.optionalString("end")],
            byClient: byClient)
    }

    private static func exchange(_ fields: JSONFields) throws(Failure) -> [(EventKind, [String?])] {
        let (method, path) = (try fields.string("method"), try fields.string("path"))
        let request: [String?] = [
            method, path, try text(fields, "request_bytes"), try text(fields, "request_body_bytes"),
            try fields.optionalString("request_body_sha256"), try text(fields, "grpc_request_messages"),
        ]
        guard let status = try text(fields, "status") else { return [(.request, request)] }
        let response: [String?] = [
            "\(method) \(path)", status, try text(fields, "response_bytes"), try text(fields, "response_body_bytes"),
            try fields.optionalString("response_body_sha256"), try text(fields, "grpc_response_messages"),
            try fields.optionalString("grpc_status"),
        ]
        return [(.request, request), (.response, response)]
    }

    private static func message(_ fields: JSONFields) throws(Failure) -> [String?] {
        [
            try fields.string("from"), try fields.string("opcode"), try text(fields, "body_bytes"),
            try fields.optionalString("body_sha256"),
        ]
    }

    private static func operation(_ fields: JSONFields, counts: StaticString...) throws(Failure) -> [String?] {
        guard case .array(let targets) = fields["targets"] else { throw Failure("targets is no array") }
        let names = try targets.map { target throws(Failure) in
            guard case .string(let name) = target else { throw Failure("targets has a name that is no string") }
            return String(decoding: name, as: UTF8.self)
        }
        let asked: [String?] = [
            try fields.string("statement"), try fields.string("operation"), GradedOperation.targets(names),
        ]
        // Nobody knows what became of it.
        guard let status = try fields.optionalString("status") else {
            return asked + [nil, nil] + counts.map { _ in nil }
        }
        let told: [String?] = [status, try fields.optionalString("code") ?? GradedOperation.nothing]
        return asked + told
            + (try counts.map { name throws(Failure) in try text(fields, name) ?? GradedOperation.nothing })
    }

    private static func text(_ fields: JSONFields, _ name: StaticString) throws(Failure) -> String? {
        fields[name] == nil ? nil : "\(try fields.number(name))"
    }
}
