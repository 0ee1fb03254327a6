/// What only some protocols say of a message; whoever reads one that has it keeps it for the next.
///
/// A message that has it is made of fields: its bytes (`Message.wire`) are the texts that `MessageHead` points to, and behind them
/// the body, and were never on the wire as they are.
final class MessageDetails {
    let kind: Kind

    /// What a message is a part of.
    enum Kind: UInt8, CaseIterable {
        /// An exchange.
        case exchange
        case websocket
        /// Of a WebSocket, what only keeps it going.
        case control
        case sse
        case ndjson

        /// Its events are called so.
        var name: StaticString {
            switch self {
            case .exchange: "http"
            case .websocket, .control: "websocket"
            case .sse: "sse"
            case .ndjson: "ndjson"
            }
        }
    }

    /// The stream that carries it, where a connection has several.
    var stream: UInt32 = 0
    /// In the order in which they are written.
    private(set) var facets: [Facet] = []
    /// Fields behind the body, as ranges into `text`.
    var trailers: [MessageHead.FieldLine] = []
    /// What facets and trailers say.
    var text = UniqueBytes()

    init(_ kind: Kind = .exchange) { self.kind = kind }

    func reset() {
        facets.removeAll(keepingCapacity: true)
        trailers.removeAll(keepingCapacity: true)
        text.removeAll()
    }

    /// Keeps text for a facet.
    func keep(_ bytes: RawSpan) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    func say(_ key: Facet.Key, _ value: Facet.Value) {
        let place = facets.firstIndex { $0.key.rawValue > key.rawValue } ?? facets.count
        facets.insert(Facet(key: key, value: value), at: place)
    }

    /// The same, with other trailers.
    /// - Parameter shown: is lent a trailer's name and value, and gives what is shown of the value.
    func replacing(trailers shown: (_ name: [UInt8], _ value: [UInt8]) -> [UInt8]) -> MessageDetails {
        let others = MessageDetails(kind)
        others.stream = stream
        others.facets = facets
        text.withBytes { others.text.append($0) }
        for trailer in trailers {
            let name = [UInt8](text.bytes.extracting(trailer.name))
            let value = [UInt8](text.bytes.extracting(trailer.value))
            others.trailers.append(
                MessageHead.FieldLine(
                    name: trailer.name, value: others.keep(shown(name, value).span.bytes), isFolded: false))
        }
        return others
    }

    subscript(key: Facet.Key) -> Facet.Value? { facets.first { $0.key == key }?.value }
}

/// Something that an event says of its message: a name of the event's fields, and a value.
struct Facet {
    var key: Key
    var value: Value

    /// In the order in which events have them.
    enum Key: UInt8 {
        case headersIncomplete, ended, endedBy, pushed, service, method, status, messages, messageBytes,
            compressedMessages, timeout,
            pastDeadline, opcode, kind, id,
            fragments, compressed, contextUnknown, closeCode, subprotocol, carries, opener

        var name: StaticString {
            switch self {
            case .headersIncomplete: "headers_incomplete"
            case .ended: "ended"
            case .endedBy: "ended_by"
            case .pushed: "pushed"
            case .service: "grpc_service"
            case .method: "grpc_method"
            case .status: "grpc_status"
            case .messages: "grpc_messages"
            case .messageBytes: "grpc_message_bytes"
            case .compressedMessages: "grpc_compressed_messages"
            case .timeout: "grpc_timeout_ms"
            case .pastDeadline: "grpc_past_deadline"
            case .opcode: "opcode"
            case .kind: "operation"
            case .id: "id"
            case .fragments: "fragments"
            case .compressed: "compressed"
            case .contextUnknown: "context_unknown"
            case .closeCode: "close_code"
            case .subprotocol: "subprotocol"
            case .carries: "carries"
            case .opener: "opened_by"
            }
        }
    }

    enum Value {
        case yes
        case number(UInt64)
        case nanoseconds(Int64)
        case name(StaticString)
        /// A part of the details' text.
        case text(ByteRange)
    }
}
