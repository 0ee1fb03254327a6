/// What a request begins with, behind its size: Apache Kafka documentation, "Request and Response Headers".
struct KafkaHeader {
    var key: UInt16
    var version: UInt16
    var id: UInt32
    /// Bytes of the client's name, which begins at 10.
    var nameLength: Int

    /// Up to the name's length.
    static let fixedBytes = 10
    /// A client's name is as long by custom at the most.
    private static let longestName = 1024

    /// - Returns: `nil` where no request begins so.
    init?(_ bytes: RawSpan, at offset: Int = 0, size: Int) {
        guard let key = bytes.big(UInt16.self, at: offset), let version = bytes.big(UInt16.self, at: offset &+ 2),
            let id = bytes.big(UInt32.self, at: offset &+ 4), let name = bytes.big(Int16.self, at: offset &+ 8),
            key <= 128, version <= 32, -1...Self.longestName ~= Int(name),
            size >= Self.fixedBytes &+ Swift.max(0, Int(name))
        else { return nil }
        self.key = key
        self.version = version
        self.id = id
        nameLength = Swift.max(0, Int(name))
    }

    /// socket.request.max.bytes is 100 MiB where nobody changed it; responses are as large as is asked for.
    static func isSize(_ size: UInt32, _ side: Side) -> Bool {
        4...(side == .client ? 512 << 20 : 1 << 31 &- 1) ~= size
    }

    /// The first place at which a request proves itself: by its client's name, or where none is known by its number.
    /// - Parameters:
    ///   - client: the name in the requests before; `nil` where none was seen.
    ///   - isFirst: nothing was seen of this side yet; a request may begin with its first byte, and its client need not be named.
    static func search(_ bytes: RawSpan, from: Int, client: [UInt8]?, last: UInt32?, isFirst: Bool) -> Found {
        var at = from
        while at < bytes.byteCount {
            switch begins(bytes, at, client, last, isFirst && at == 0) {
            case .yes: return .at(at)
            case .open: return .none(Search(start: at, next: at))
            case .no: at &+= 1
            }
        }
        return .none(Search(start: at, next: at))
    }

    private static func begins(
        _ bytes: RawSpan, _ at: Int, _ client: [UInt8]?, _ last: UInt32?, _ isFirst: Bool
    ) -> Fit {
        let first = request(bytes, at)
        guard first == .yes, let id = bytes.big(UInt32.self, at: at &+ 8),
            let length = bytes.big(Int16.self, at: at &+ 12)
        else { return first }
        let name = Swift.max(0, Int(length))
        guard let client, let last else {
            if name > 0 { return .yes }
            return isFirst ? KafkaDetector.isConsumersOrProducers(bytes) : .no
        }
        guard name > 0 else { return Fit(client.isEmpty && 1..<10_000 ~= id &- last) }
        return Fit(bytes.extracting(at &+ 14..<at &+ 14 &+ name).equals(client.span.bytes))
    }

    private static func request(_ bytes: RawSpan, _ at: Int) -> Fit {
        let head = bytes.fit(big: UInt32.self, at: at) { 10...100 << 20 ~= $0 }
            .and(bytes.fit(big: UInt16.self, at: at &+ 4) { $0 <= 92 })
            .and(bytes.fit(big: UInt16.self, at: at &+ 6) { $0 <= 20 })
            .and(bytes.fit(big: UInt32.self, at: at &+ 8) { $0 <= 1 << 31 })
            .and(bytes.fit(big: Int16.self, at: at &+ 12) { -1...255 ~= $0 })
        guard head == .yes, let length = bytes.big(Int16.self, at: at &+ 12) else { return head }
        return bytes.fit(allOf: Swift.max(0, Int(length)), at: at &+ 14, ASCII.isVisible)
    }
}
