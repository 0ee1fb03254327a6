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
    }

    struct Message: Sendable {
        /// Bytes on the wire, head and framing included.
        var wireBytes: UInt64
        /// The body after content and transfer decoding.
        var body: BodyDigest
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

    /// A statement was sent to be executed: as a query, or as a prepared one.
    func sql(_ tuple: Tuple, _ statement: String, at time: Timestamp = Clock.wall) {
        write("sql", time) { json in
            json.add(tuple)
            json.key("statement")
            json.string(statement)
        }
    }

    func redis(_ tuple: Tuple, _ command: [String], at time: Timestamp = Clock.wall) {
        write("redis", time) { json in
            json.add(tuple)
            json.key("command")
            json.beginArray()
            for word in command {
                json.element()
                json.string(word)
            }
            json.endArray()
        }
    }

    private func write(_ kind: StaticString, _ time: Timestamp, _ members: (inout JSONWriter) -> Void) {
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
