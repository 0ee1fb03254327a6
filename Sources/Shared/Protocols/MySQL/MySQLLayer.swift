/// What is known of a session whose packets are compressed: an analyzer within the layer goes on with it.
struct MySQLSession {
    var capabilities: MySQLCapabilities?
    var system: StaticString
    var namespace: [UInt8]
    /// All of the layer is seen, from the login on.
    var isWhole: Bool

    static let systems: [StaticString] = ["", "mysql", "mariadb"]

    /// - Parameter known: as `bytes` gives it.
    init(_ known: [UInt8]) {
        isWhole = known.first == 1
        let bits = known.dropFirst(3).prefix(8).reduce(UInt64(0)) { $0 &<< 8 | UInt64($1) }
        capabilities = known.count > 1 && known[1] == 1 ? MySQLCapabilities(rawValue: bits) : nil
        let number = known.count > 2 ? Int(known[2]) : 0
        system = number < Self.systems.count ? Self.systems[number] : ""
        namespace = Array(known.dropFirst(11))
    }

    init(capabilities: MySQLCapabilities?, system: StaticString, namespace: [UInt8], isWhole: Bool) {
        self.capabilities = capabilities
        self.system = system
        self.namespace = namespace
        self.isWhole = isWhole
    }

    var bytes: [UInt8] {
        let number = Self.systems.firstIndex { $0.description == system.description } ?? 0
        let bits = capabilities?.rawValue ?? 0
        return [isWhole ? 1 : 0, capabilities == nil ? 0 : 1, UInt8(number)]
            + (0..<8).map { UInt8(truncatingIfNeeded: bits &>> UInt64(56 &- 8 &* $0)) } + namespace
    }
}

/// Compressed packets of both sides, whose contents are a layer of their own (MySQL Source Code Documentation, "Compression").
final class MySQLLayer {
    var inner: InnerID?
    let client = Half()
    let server = Half()
    /// The client has begun a packet: what the server says next begins one, too.
    var answerMayBegin = false

    init(_ inner: InnerID?) { self.inner = inner }

    func half(_ side: Side) -> Half { side == .client ? client : server }

    func letGo(_ run: Run) {
        client.letGo(run)
        server.letGo(run)
    }

    /// One side's packets.
    final class Half {
        var isLost = false
        /// Bytes of the packet that are to come.
        var left = 0
        /// Its length before compression; 0 where it is not compressed.
        private(set) var whole = 0
        private(set) var produced = 0
        /// Bytes of it are missing, or make no sense.
        var isBroken = false
        private var decoder: ContentDecoder?
        private var size = 0

        func begin(_ header: RawSpan) {
            left = MySQLPacket.length(header) ?? 0
            whole = MySQLPacket.length(header, at: 4) ?? 0
            size = left
            produced = 0
            isBroken = false
        }

        /// - Parameter sink: is lent what the bytes hold.
        func take(_ bytes: RawSpan, _ run: Run, _ sink: (RawSpan) -> Void) {
            left &-= bytes.byteCount
            guard whole > 0 else { return sink(bytes) }
            guard !isBroken else { return }
            if decoder == nil {
                decoder = run.takeDecoder()
                // The magic number of a frame (RFC 8878, section 3.1.1); zlib's begin with 0x78.
                decoder?.begin(bytes.u8(at: 0) == 0x28 ? .zstd : .deflate)
            }
            decoder?.decode(bytes) { piece in
                let room = Swift.min(
                    self.whole, self.size.multipliedReportingOverflow(by: run.limits.expansion).partialValue)
                let count = Swift.min(piece.byteCount, room &- self.produced)
                self.produced &+= count
                sink(piece.extracting(first: count))
                return count == piece.byteCount
            }
            if decoder?.state == .failed { isBroken = true }
        }

        /// The packet has ended.
        /// - Returns: how many bytes of its content are missing.
        func end(_ run: Run) -> Int {
            letGo(run)
            return whole &- produced
        }

        func letGo(_ run: Run) {
            if let decoder { run.giveBack(decoder) }
            decoder = nil
        }
    }
}

extension MySQLAnalyzer {
    /// From here on packets are compressed.
    func pack(isWhole: Bool, _ out: any Output) {
        giveUp(out)
        let layer = MySQLLayer(open(isWhole: isWhole, out))
        layer.client.isLost = isLost[0]
        layer.server.isLost = isLost[1]
        self.layer = layer
    }

    private func open(isWhole: Bool, _ out: any Output) -> InnerID? {
        guard let row = run.registry.id(named: "mysql") else { return nil }
        let session = MySQLSession(
            capabilities: capabilities, system: system, namespace: namespace, isWhole: isWhole)
        return out.open(.row(row, .within(session.bytes)))
    }

    func unpack(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        guard let layer else { return .took(bytes.byteCount) }
        let half = layer.half(side)
        if half.isLost { return .lost(took: 0, .betweenMessages) }
        var used = 0
        while used < bytes.byteCount {
            if half.left == 0 {
                let rest = bytes.extracting(used...)
                guard rest.byteCount >= MySQLCompressed.header else {
                    return .took(used, next: MySQLCompressed.header &- rest.byteCount)
                }
                half.begin(rest)
                if side == .client { layer.answerMayBegin = true }
                used &+= MySQLCompressed.header
            } else {
                let count = Swift.min(half.left, bytes.byteCount &- used)
                half.take(bytes.extracting(used..<used &+ count), run) { piece in
                    if let inner = layer.inner { out.deliver(piece, side, at.last, to: inner) }
                }
                used &+= count
                if half.left == 0 { endPacket(half, layer, side, at, out) }
            }
        }
        return .took(used)
    }

    private func endPacket(_ half: MySQLLayer.Half, _ layer: MySQLLayer, _ side: Side, _ at: Arrival, _ out: any Output)
    {
        guard half.whole > 0 else { return }
        let missing = half.end(run)
        if missing > 0, let inner = layer.inner {
            out.gap(UInt64(missing), half.isBroken ? .packetLost : .unseen, side, at.last, in: inner)
        }
    }

    /// Bytes that are missing within a packet are a gap of known length within the layer.
    func unpackGap(
        _ length: UInt64, _ side: Side, _ tail: RawSpan, _ at: Arrival, _ out: any Output
    ) -> Step {
        guard let layer else { return .took(tail.byteCount) }
        let half = layer.half(side)
        if !half.isLost, tail.byteCount == 0, half.left > 0, length <= UInt64(half.left) {
            half.left &-= Int(length)
            if half.whole == 0 {
                if let inner = layer.inner { out.gap(length, .packetLost, side, at.last, in: inner) }
            } else {
                half.isBroken = true
                if half.left == 0 { endPacket(half, layer, side, at, out) }
            }
            return .took(0)
        }
        half.isLost = true
        half.left = 0
        half.letGo(run)
        layer.answerMayBegin = false
        // What the layer's bytes are from here on nobody knows.
        if let inner = layer.inner { out.close(inner, at.last) }
        layer.inner = open(isWhole: false, out)
        return .lost(took: 0, .betweenMessages)
    }

    /// A client's packet proves itself; the server's begins behind that.
    func searchLayer(_ bytes: RawSpan, _ side: Side, _ from: Search) -> Found {
        guard let layer else { return .at(from.start) }
        guard side == .client else {
            guard layer.answerMayBegin else {
                return .none(Search(start: bytes.byteCount, next: bytes.byteCount))
            }
            switch MySQLCompressed.server(bytes) {
            case .yes:
                layer.server.isLost = false
                return .at(0)
            case .open: return .none(from)
            case .no:
                layer.answerMayBegin = false
                return .none(Search(start: bytes.byteCount, next: bytes.byteCount))
            }
        }
        var at = from.next
        while at < bytes.byteCount {
            switch MySQLCompressed.client(bytes, at: at) {
            case .yes:
                layer.client.isLost = false
                return .at(at)
            case .open: return .none(Search(start: at, next: at))
            case .no: at &+= 1
            }
        }
        return .none(Search(start: at, next: at))
    }
}
