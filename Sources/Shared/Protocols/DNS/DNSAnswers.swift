/// What the records of an answer say: addresses and names, which are kept with the lookup.
struct DNSAnswers {
    /// Names are told of the addresses that they have.
    let takesNames: Bool
    let at: Timestamp
    /// Of the addresses, the shortest.
    private(set) var timeToLive: UInt32?
    private var count = 0

    /// More are `_other`.
    private static let most = 16

    init(takesNames: Bool, at: Timestamp) {
        self.takesNames = takesNames
        self.at = at
    }

    mutating func take(_ record: DNSRecord, _ bytes: RawSpan, _ lookup: DNSLookup, _ out: any Output) {
        guard takesNames else { return }
        let data = record.data
        switch record.type {
        case DNSType.a where data.count == 4:
            address(IPAddress(v4: bytes.big(UInt32.self, at: data.lowerBound) ?? 0), record, lookup, out)
        case DNSType.aaaa where data.count == 16:
            let high = bytes.big(UInt64.self, at: data.lowerBound) ?? 0
            let low = bytes.big(UInt64.self, at: data.lowerBound &+ 8) ?? 0
            address(IPAddress(high: high, low: low), record, lookup, out)
        case DNSType.alias, DNSType.pointer, DNSType.nameServer: name(bytes, data.lowerBound, lookup)
        case DNSType.mail where data.count > 2: name(bytes, data.lowerBound &+ 2, lookup)
        // Priority, weight and port before the name (RFC 2782).
        case DNSType.service where data.count > 6: name(bytes, data.lowerBound &+ 6, lookup)
        default: break
        }
    }

    private mutating func address(
        _ address: IPAddress, _ record: DNSRecord, _ lookup: DNSLookup, _ out: any Output
    ) {
        // A time to live whose first bit is set is none (RFC 2181, section 8).
        let seconds = record.timeToLive < 0x8000_0000 ? record.timeToLive : 0
        timeToLive = min(timeToLive ?? seconds, seconds)
        add(lookup) { text in
            var written: [UInt8] = []
            address.append(to: &written)
            text.append(written.span.bytes)
        }
        let name = lookup.name
        lookup.text.withBytes { out.resolved($0.extracting(name), address, seconds: seconds, at) }
    }

    private mutating func name(_ bytes: RawSpan, _ start: Int, _ lookup: DNSLookup) {
        add(lookup) { text in
            let before = text.count
            if !DNSName.append(bytes, at: start, to: &text) { text.truncate(to: before) }
        }
    }

    private mutating func add(_ lookup: DNSLookup, _ write: (inout UniqueBytes) -> Void) {
        guard count <= Self.most else { return }
        let before = lookup.text.count
        if count > 0 { lookup.text.append(0) }
        let start = lookup.text.count
        if count < Self.most { write(&lookup.text) } else { lookup.text.append("_other" as StaticString) }
        if lookup.text.count == start { lookup.text.truncate(to: before) } else { count &+= 1 }
    }
}
