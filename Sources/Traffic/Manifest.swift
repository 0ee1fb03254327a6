import Console
import Digest
import Shared
import Synchronization

/// Ground truth: every exchange that really happened, one JSON object a line, written as it happens.
///
/// `replay grade` holds what Tapedeck saw against it. The lines of a connection come before the line that ends it; between
/// connections their order means nothing. Any thread may write.
final class Manifest: Sendable {
    /// The two ends of a connection: the client's is `local`, whoever writes the manifest.
    struct Tuple: Hashable, Sendable {
        var local: Endpoint
        var remote: Endpoint
    }

    enum Talk: String, Sendable {
        case http, postgres, redis, nats, unknown
        case http2 = "http/2"
    }

    /// How a connection ended.
    enum End: String, Sendable {
        /// Both sides closed.
        case orderly
        case reset
        /// Nobody accepted it.
        case refused
        /// The process was killed, and the kernel closed for it.
        case died
    }

    /// Whose counters a connection's line has.
    enum Role: String, Sendable { case client, server }

    struct Exchange: Sendable {
        var method: String
        /// The request target as it was sent, with its query.
        var path: String
        var request: Message
        /// `nil` where none came; of several the final one.
        var response: (status: Int, message: Message)?
        /// Of a call of gRPC.
        var grpc: GRPC?
    }

    /// What a call's bodies and fields say.
    struct GRPC: Sendable {
        var requestMessages: Int
        var responseMessages: Int
        /// By name; `nil` where none came.
        var status: String?
    }

    struct Message: Sendable {
        /// Bytes on the wire, head and framing included.
        var wireBytes: UInt64
        /// The body after content and transfer decoding.
        var body: BodyDigest
    }

    /// A statement of SQL or a command of Redis that went out.
    struct Operation: Sendable {
        enum Kind: String, Sendable { case sql, redis }

        var kind: Kind
        /// Its text with `?` in the place of values, as an event log keeps it.
        var statement: String
        /// Its verb.
        var name: String
        /// The tables or keys that it acts on.
        var targets: [String]
        /// `nil` where its answer did not come.
        var outcome: Outcome?
    }

    /// What the server answered.
    struct Outcome: Sendable {
        /// The server's own name of an error; `nil` where it was none.
        var code: String?
        /// Rows that were returned and changed, keys that were there and those that were not.
        var counts: [(name: StaticString, count: Int)] = []
    }

    private struct Writer: ~Copyable {
        let file: OutputFile
        var json = JSONWriter(capacity: 4096)
        var text = TimestampText()
        var failure: Failure?
    }

    private let writer: Mutex<Writer>

    init(_ path: String) throws(Failure) {
        let file = try OutputFile(path, option: "--manifest", mode: 0o666)
        writer = Mutex(Writer(file: file))
    }

    /// The manifest is whole: gives the file its name.
    /// - Throws: also what went wrong earlier, so that no line is missed in silence.
    func finish() throws(Failure) {
        let failure = writer.withLock { writer in
            do throws(Failure) {
                if writer.failure == nil { try writer.file.commit() }
                return writer.failure
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    // MARK: Lines

    /// A connection has ended.
    /// - Parameters:
    ///   - sent: bytes of the stream that the side `role` gave to TCP.
    ///   - received: bytes that it got.
    func connection(
        _ tuple: Tuple, _ talk: Talk, sent: UInt64, received: UInt64, end: End, role: Role = .client,
        at time: Timestamp = Clock.wall
    ) {
        write("connection", time) { json in
            json.key("protocol")
            json.string(talk.rawValue)
            json.add(tuple)
            json.key("bytes_sent")
            json.number(sent)
            json.key("bytes_received")
            json.number(received)
            json.key("end")
            json.string(end.rawValue)
            json.key("role")
            json.string(role.rawValue)
        }
    }

    func http(_ tuple: Tuple, _ exchange: Exchange, at time: Timestamp = Clock.wall) {
        write("http", time) { json in
            json.add(tuple)
            json.key("method")
            json.string(exchange.method)
            json.key("path")
            json.string(exchange.path)
            if let response = exchange.response {
                json.key("status")
                json.number(Int64(response.status))
            }
            json.key("request_bytes")
            json.number(exchange.request.wireBytes)
            if let response = exchange.response {
                json.key("response_bytes")
                json.number(response.message.wireBytes)
            }
            json.key("request_body_bytes")
            json.number(exchange.request.body.bytes)
            json.key("request_body_sha256")
            json.string(exchange.request.body.sha256)
            if let response = exchange.response {
                json.key("response_body_bytes")
                json.number(response.message.body.bytes)
                json.key("response_body_sha256")
                json.string(response.message.body.sha256)
            }
            guard let call = exchange.grpc else { return }
            for (name, count) in [
                ("grpc_request_messages" as StaticString, call.requestMessages),
                ("grpc_response_messages", call.responseMessages),
            ] {
                json.key(name)
                json.number(Int64(count))
            }
            if let status = call.status {
                json.key("grpc_status")
                json.string(status)
            }
        }
    }

    /// A message within a WebSocket.
    func websocket(
        _ tuple: Tuple, from side: String, opcode: String, _ body: BodyDigest, at time: Timestamp = Clock.wall
    ) {
        write("websocket", time) { json in
            json.add(tuple)
            json.key("from")
            json.string(side)
            json.key("opcode")
            json.string(opcode)
            json.key("body_bytes")
            json.number(body.bytes)
            json.key("body_sha256")
            json.string(body.sha256)
        }
    }

    /// - Parameter time: when it was sent.
    func operation(_ tuple: Tuple, _ operation: Operation, at time: Timestamp) {
        write(operation.kind.rawValue, time) { json in
            json.add(tuple)
            json.key("statement")
            json.string(operation.statement)
            json.key("operation")
            json.string(operation.name)
            json.key("targets")
            json.beginArray()
            for target in operation.targets {
                json.element()
                json.string(target)
            }
            json.endArray()
            guard let outcome = operation.outcome else { return }
            json.key("status")
            json.string(outcome.code == nil ? "ok" : "error")
            if let code = outcome.code {
                json.key("code")
                json.string(code)
            }
            for (name, count) in outcome.counts {
                json.key(name)
                json.number(Int64(count))
            }
        }
    }

    private func write(_ kind: String, _ time: Timestamp, _ members: (inout JSONWriter) -> Void) {
        writer.withLock { writer in
            guard writer.failure == nil else { return }
            writer.json.removeAll()
            writer.json.beginObject()
            writer.json.key("kind")
            writer.json.string(kind)
            writer.json.key("time")
            writer.json.timestamp(time, &writer.text)
            members(&writer.json)
            writer.json.endObject()
            writer.json.newline()
            let file = writer.file
            var failure: Failure?
            do throws(Failure) { try file.write(writer.json.bytes) } catch { failure = error }
            writer.failure = failure
        }
    }
}

extension JSONWriter {
    fileprivate mutating func add(_ tuple: Manifest.Tuple) {
        key("local")
        string(tuple.local.description)
        key("remote")
        string(tuple.remote.description)
    }
}
