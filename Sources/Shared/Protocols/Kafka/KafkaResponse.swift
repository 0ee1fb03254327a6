/// Kafka's responses where no request was captured: Apache Kafka documentation, "Protocol Guide", the schemas of ApiVersions
/// and Metadata, with which clients begin.
///
/// A response does not say what it answers, so only those are believed whose contents have a form of their own.
enum KafkaResponse {
    static func alone(_ bytes: RawSpan) -> Fit { apiVersions(bytes).or(metadata(bytes)) }

    /// Responses whose numbers count, or one that begins like one: clients count from 0 or 1 on.
    static func likeness(_ bytes: RawSpan) -> Likeness {
        var offset = 0
        var last: UInt32?
        var isCounting = false
        for _ in 0..<16 where offset < bytes.byteCount {
            guard let size = bytes.big(UInt32.self, at: offset) else { return isCounting ? .whole : .open }
            guard 4...1 << 20 ~= size else { return .no }
            guard let number = bytes.big(UInt32.self, at: offset &+ 4) else { return isCounting ? .whole : .open }
            guard number < 1 << 24 else { return .no }
            if let last {
                guard number == last &+ 1 else { return .no }
                isCounting = true
            }
            last = number
            offset &+= 4 &+ Int(size)
        }
        return isCounting ? .whole : .open
    }

    // MARK: ApiVersions

    /// No error, and for each API its key and the versions from and to; in the compact form with a length that is one
    /// more, and empty tagged fields behind each.
    private static func apiVersions(_ bytes: RawSpan) -> Fit {
        let head = bytes.fit(big: UInt32.self, at: 0) { 20...8192 ~= $0 }.and(bytes.fit(0 as UInt16, at: 8))
        guard head == .yes, let size = bytes.big(UInt32.self, at: 0), let count = bytes.big(UInt32.self, at: 10) else {
            return head
        }
        if count < 512 {
            let length = 10 &+ Int(count) &* 6
            return Fit(Int(size) == length || Int(size) == length &+ 4).and(keys(bytes, at: 14, width: 6))
        }
        // A varint of one byte or two, of which the second is below 4.
        let isLong = count >> 24 & 0x80 != 0
        return keys(bytes, at: isLong ? 12 : 11, width: 7)
    }

    private static func keys(_ bytes: RawSpan, at start: Int, width: Int) -> Fit {
        var fit = Fit.yes
        var last = -1
        for index in 0..<4 {
            let offset = start &+ index &* width
            fit = fit.and(bytes.fit(big: UInt16.self, at: offset) { $0 <= 110 })
            guard fit == .yes, let key = bytes.big(UInt16.self, at: offset),
                let first = bytes.big(UInt16.self, at: offset &+ 2),
                let highest = bytes.big(UInt16.self, at: offset &+ 4)
            else { return fit.and(.open) }
            guard Int(key) > last, key < 20, first <= highest, highest <= 32 else { return .no }
            if width == 7 { fit = fit.and(bytes.fit(0 as UInt8, at: offset &+ 6)) }
            last = Int(key)
        }
        return fit
    }

    // MARK: Metadata

    /// Brokers: a number, a host and a port; before them the time to wait, from version 3 on.
    private static func metadata(_ bytes: RawSpan) -> Fit {
        let head = bytes.fit(big: UInt32.self, at: 0) { 24...1 << 24 ~= $0 }
        return head.and(
            brokers(bytes, at: 8).or(bytes.fit(0 as UInt32, at: 8).and(brokers(bytes, at: 12)))
                .or(bytes.fit(0 as UInt8, at: 8).and(bytes.fit(0 as UInt32, at: 9)).and(compactBrokers(bytes, at: 13))))
    }

    private static func brokers(_ bytes: RawSpan, at offset: Int) -> Fit {
        bytes.fit(big: UInt32.self, at: offset) { 1...1000 ~= $0 }
            .and(bytes.fit(big: UInt32.self, at: offset &+ 4) { $0 <= 1 << 20 })
            .and(host(bytes, at: offset &+ 10, bytes.big(UInt16.self, at: offset &+ 8).map { Int($0) }))
    }

    private static func compactBrokers(_ bytes: RawSpan, at offset: Int) -> Fit {
        bytes.fit(byteAt: offset) { 2...100 ~= $0 }
            .and(bytes.fit(big: UInt32.self, at: offset &+ 1) { $0 <= 1 << 20 })
            .and(host(bytes, at: offset &+ 6, bytes.u8(at: offset &+ 5).map { Int($0) &- 1 }))
    }

    /// A name or an address of at least four characters, and a port in four bytes.
    private static func host(_ bytes: RawSpan, at offset: Int, _ length: Int?) -> Fit {
        guard let length else { return .open }
        guard 4...255 ~= length else { return .no }
        return bytes.fit(allOf: length, at: offset) {
            ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ":")
        }.and(bytes.fit(big: UInt32.self, at: offset &+ length) { 1...65_535 ~= $0 })
    }
}
