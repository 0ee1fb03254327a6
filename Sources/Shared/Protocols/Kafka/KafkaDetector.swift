/// Kafka's protocol: Apache Kafka documentation, "Protocol Guide" (Protocol Primitive Types; Request and Response
/// Headers; The Messages, for the keys and their versions).
///
/// A request is a size, an API key, its version, a correlation id, and the client's name; a response is a size and the
/// correlation id of the request it answers. All integers are big-endian.
///
/// Nothing here is a magic number, so one header proves nothing. Asked for is a response with the same correlation id,
/// or a second request of the same client with the next one, or a request whose body is determined to the byte.
/// ZooKeeper's requests (length, number, type, a path's length) look like those of a client without a name: from such
/// a client only a response counts, and from a producer or consumer the body has to fit as well. In a capture that
/// holds requests only, one that is whole and names its client, or is a consumer's, is believed at its end.
enum KafkaDetector: Detector {
    static var strictness: Strictness { .frames }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        let first = request(client, at: 0)
        let named = isNamed(client).and(response(server, to: client).or(nextRequest(client)))
        let correlated = named.or(unnamedBody(client).and(response(server, to: client)))
        return first.and(apiVersions(client)).finding("Kafka ApiVersions request")
            .otherwise(first.and(correlated).finding("Kafka messages with correlation ids that agree"))
            .atTheEnd(
                context,
                client.byteCount == 0
                    ? KafkaResponse.alone(server).finding("Kafka response")
                    : first.and(server.byteCount == 0 ? alone(client) : .no).finding("Kafka request"))
    }

    /// Requests that are not answered, one behind the other: a producer's that wants no acknowledgment.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        guard side == .client else { return nil }
        for offset in 0..<bytes.byteCount where bytes.u8(at: offset) == 0 {
            let part = bytes.extracting(offset..<bytes.byteCount)
            guard request(part, at: 0) == .yes, isNamed(part) == .yes, nextRequest(part) == .yes else { continue }
            return Evidence("Kafka messages with correlation ids that agree")
        }
        return nil
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        // Few messages have 16 MiB.
        guard bytes.u8(at: 0) == 0 else { return .no }
        if side == .client {
            guard request(bytes, at: 0) != .no else { return .no }
            // The header is whole and names the client.
            let name = bytes.big(Int16.self, at: 12) ?? 0
            return name > 0 && bytes.byteCount >= 14 &+ Int(name) ? .whole : .open
        }
        return KafkaResponse.likeness(bytes)
    }

    // MARK: Requests

    private static func request(_ bytes: RawSpan, at offset: Int) -> Fit {
        bytes.fit(big: UInt32.self, at: offset) { 8...maximumSize ~= $0 }
            .and(bytes.fit(big: UInt32.self, at: offset &+ 4, isKeyWithVersion))
            .and(clientID(bytes, at: offset &+ 12))
            .and(topics(bytes, at: offset))
    }

    /// Produce up to version 2 has acks, a time to wait, and at least one topic.
    ///
    /// ZooKeeper's ConnectRequest, which begins with zeros, is a Produce request but for that.
    private static func topics(_ bytes: RawSpan, at offset: Int) -> Fit {
        guard let word = bytes.big(UInt32.self, at: offset &+ 4), let name = bytes.big(Int16.self, at: offset &+ 12)
        else { return .open }
        guard word < 3 else { return .yes }
        return bytes.fit(big: UInt32.self, at: offset &+ 20 &+ max(0, Int(name))) { 1...10_000 ~= $0 }
    }

    /// A nullable string: an int16 length, -1 for none.
    private static func clientID(_ bytes: RawSpan, at offset: Int) -> Fit {
        guard let length = bytes.big(Int16.self, at: offset) else { return .open }
        guard -1...255 ~= length, let size = bytes.big(UInt32.self, at: offset &- 12) else { return .no }
        guard Int(size) >= 10 &+ max(0, Int(length)) else { return .no }
        return bytes.fit(allOf: max(0, Int(length)), at: offset &+ 2, ASCII.isVisible)
    }

    /// ApiVersions, with which clients begin: without a body up to version 2, from 3 on with the name of the client's
    /// software as a compact string (its length plus one, as a varint) behind no tagged fields.
    private static func apiVersions(_ bytes: RawSpan) -> Fit {
        guard let size = bytes.big(UInt32.self, at: 0), let key = bytes.big(UInt16.self, at: 4),
            let version = bytes.big(UInt16.self, at: 6), let name = bytes.big(Int16.self, at: 12)
        else { return .open }
        guard key == 18 else { return .no }
        let header = 10 &+ max(0, Int(name))
        if version < 3 { return Fit(Int(size) == header) }
        let software = 4 &+ header
        guard let length = bytes.u8(at: software &+ 1) else { return .open }
        guard 2...127 ~= length, Int(size) > header &+ 3 &+ Int(length) else { return .no }
        return bytes.fit(0 as UInt8, at: software)
            .and(bytes.fit(allOf: Int(length) &- 1, at: software &+ 2, ASCII.isVisible))
    }

    private static func isNamed(_ bytes: RawSpan) -> Fit { bytes.fit(big: Int16.self, at: 12) { $0 > 0 } }

    /// What a client without a name says to a broker: correlation ids that count, and the first APIs' bodies.
    private static func unnamedBody(_ bytes: RawSpan) -> Fit {
        let counts = bytes.fit(big: UInt32.self, at: 8) { $0 > 0 }
        guard let key = bytes.big(UInt16.self, at: 4) else { return .open }
        switch key {
        case 0: return counts.and(produce(bytes))
        case 1: return fetch(bytes)
        case 2: return listOffsets(bytes)
        default: return counts
        }
    }

    /// Without a client's name: Produce, Fetch or ListOffsets, whose bodies fit.
    static func isConsumersOrProducers(_ bytes: RawSpan) -> Fit {
        guard let key = bytes.big(UInt16.self, at: 4) else { return .open }
        return key < 3 ? unnamedBody(bytes) : .no
    }

    /// Another request behind the first: the same client, the next correlation id.
    private static func nextRequest(_ bytes: RawSpan) -> Fit {
        guard let size = bytes.big(UInt32.self, at: 0), let id = bytes.big(UInt32.self, at: 8),
            let name = bytes.big(UInt16.self, at: 12)
        else { return .open }
        let next = 4 &+ Int(size)
        return request(bytes, at: next)
            .and(bytes.fit(big: UInt32.self, at: next &+ 8) { $0 == id &+ 1 })
            .and(bytes.fit(big: UInt16.self, at: next &+ 12) { $0 == name })
    }

    /// What one request is worth when nothing else will come.
    ///
    /// All of it is there, nothing else follows, and it names its client or is a consumer's Fetch or ListOffsets.
    private static func alone(_ bytes: RawSpan) -> Fit {
        guard let size = bytes.big(UInt32.self, at: 0), let name = bytes.big(Int16.self, at: 12) else { return .open }
        guard bytes.byteCount == 4 &+ Int(size) else { return .no }
        return name > 0 ? .yes : fetch(bytes).or(listOffsets(bytes))
    }

    /// Without a client's name the body begins at 14: from version 3 on no transaction; how many acknowledge, a time.
    private static func produce(_ bytes: RawSpan) -> Fit {
        guard let version = bytes.big(UInt16.self, at: 6) else { return .open }
        let body = version < 3 ? 14 : 16
        let plain = version < 3 ? Fit.yes : bytes.fit(0xFFFF as UInt16, at: 14)
        return plain.and(bytes.fit(big: Int16.self, at: body) { -1...1 ~= $0 })
            .and(bytes.fit(big: Int32.self, at: body &+ 2) { 1...3_600_000 ~= $0 })
            .and(bytes.fit(big: Int32.self, at: body &+ 6) { 1...10_000 ~= $0 })
    }

    /// Without a client's name the body begins at 14: a consumer's replica id, -1; a time and a size to wait for.
    private static func fetch(_ bytes: RawSpan) -> Fit {
        bytes.fit(1 as UInt16, at: 4)
            .and(bytes.fit(0xFFFF_FFFF as UInt32, at: 14))
            .and(bytes.fit(big: Int32.self, at: 18) { $0 >= 0 })
            .and(bytes.fit(big: Int32.self, at: 22) { $0 >= 0 })
    }

    /// A consumer's replica id, -1, from version 2 on an isolation level, the number of topics, the first one's name.
    private static func listOffsets(_ bytes: RawSpan) -> Fit {
        guard let version = bytes.big(UInt16.self, at: 6) else { return .open }
        let topics = version < 2 ? 18 : 19
        return bytes.fit(2 as UInt16, at: 4)
            .and(bytes.fit(0xFFFF_FFFF as UInt32, at: 14))
            .and(bytes.fit(big: UInt32.self, at: topics) { 1...10_000 ~= $0 })
            .and(topicName(bytes, at: topics &+ 4))
    }

    /// A topic's name has at most 249 characters.
    private static func topicName(_ bytes: RawSpan, at offset: Int) -> Fit {
        guard let length = bytes.big(UInt16.self, at: offset) else { return .open }
        return Fit(1...249 ~= length).and(bytes.fit(allOf: Int(length), at: offset &+ 2, ASCII.isVisible))
    }

    // MARK: Responses

    /// A response to the first request among the server's first frames: where the capture joined late, answers to
    /// requests from before may precede it.
    private static func response(_ bytes: RawSpan, to client: RawSpan) -> Fit {
        guard let id = client.big(UInt32.self, at: 8) else { return .open }
        var offset = 0
        for _ in 0..<8 {
            guard let size = bytes.big(UInt32.self, at: offset) else { return .open }
            guard 4...maximumSize ~= size else { return .no }
            guard let answered = bytes.big(UInt32.self, at: offset &+ 4) else { return .open }
            if answered == id { return .yes }
            offset &+= 4 &+ Int(size)
        }
        return .no
    }

    // MARK: Keys

    /// socket.request.max.bytes is 100 MiB where nobody changed it.
    private static let maximumSize: UInt32 = 100 << 20

    private static func isKeyWithVersion(_ word: UInt32) -> Bool {
        let key = Int(word >> 16)
        let version = UInt16(truncatingIfNeeded: word)
        return key <= lastKey && version <= maximumVersion(of: key)
    }

    /// Some ahead of Kafka 4.1, whose last is 92 (DeleteShareGroupOffsets).
    private static let lastKey = 110

    /// The highest version, some ahead of Kafka 4.1: Produce 13, Fetch 18, Metadata 13, most others below 8.
    private static func maximumVersion(of key: Int) -> UInt16 {
        switch key {
        case 0, 1, 3: 24
        case 2, 8, 9, 11: 14
        default: 9
        }
    }
}
