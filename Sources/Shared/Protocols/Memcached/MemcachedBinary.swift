/// memcached's binary protocol: magic, opcode, key length, extras length, data type (0), partition, total body length,
/// opaque, version (CAS): 24 bytes, big-endian.
enum MemcachedBinary {
    static func request(_ client: RawSpan, _ server: RawSpan) -> Fit {
        let head = client.fit(0x80 as UInt8, at: 0)
            .and(client.fit(byteAt: 5) { $0 == 0 })
            .and(client.fit(byteAt: 2) { $0 == 0 })
            .and(shape(client))
        return head.and(isPlain(client).or(answered(client, server)))
    }

    /// The lengths that the opcode prescribes, and a key without blanks or control characters.
    private static func shape(_ bytes: RawSpan) -> Fit {
        guard let opcode = bytes.u8(at: 1), let keyLength = bytes.big(UInt16.self, at: 2),
            let extras = bytes.u8(at: 4), let body = bytes.big(UInt32.self, at: 8)
        else { return Fit(bytes.u8(at: 1).map { lengths(of: $0) != nil } ?? true).and(.open) }
        guard let rule = lengths(of: opcode), extras == rule.extras, keyLength <= 250 else { return .no }
        let value = Int(body) &- Int(keyLength) &- Int(extras)
        switch rule.key {
        case .needed: guard keyLength > 0 else { return .no }
        case .none: guard keyLength == 0 else { return .no }
        case .allowed: break
        }
        guard value == 0 || rule.hasValue && 0...(1 << 30) ~= value else { return .no }
        return bytes.fit(allOf: min(Int(keyLength), 32), at: 24 &+ Int(extras)) { $0 > 0x20 && $0 != 0x7F }
    }

    /// No partition and no version: most fields are zero, which is proof enough.
    private static func isPlain(_ bytes: RawSpan) -> Fit {
        bytes.fit(0 as UInt16, at: 6).and(bytes.fit(0 as UInt64, at: 16))
    }

    /// The response's magic, the same opcode, and the opaque number given back.
    private static func answered(_ client: RawSpan, _ server: RawSpan) -> Fit {
        guard let opcode = client.u8(at: 1), let opaque = client.big(UInt32.self, at: 12) else { return .open }
        return server.fit(0x81 as UInt8, at: 0)
            .and(server.fit(byteAt: 1) { $0 == opcode })
            .and(server.fit(byteAt: 5) { $0 == 0 })
            .and(server.fit(big: UInt32.self, at: 12) { $0 == opaque })
    }

    /// A response that is whole: a known opcode, zeros where they have to be, a status that exists.
    static func response(_ bytes: RawSpan) -> (fit: Fit, length: Int?) {
        let fit = bytes.fit(0x81 as UInt8, at: 0)
            .and(bytes.fit(byteAt: 1) { lengths(of: $0) != nil })
            .and(bytes.fit(big: UInt16.self, at: 2) { $0 <= 250 })
            .and(bytes.fit(byteAt: 4) { $0 <= 20 })
            .and(bytes.fit(byteAt: 5) { $0 == 0 })
            .and(bytes.fit(big: UInt16.self, at: 6) { $0 <= 0x90 })
        return (fit, bytes.big(UInt32.self, at: 8).map { 24 &+ Int($0) })
    }

    private enum Key {
        case none, needed, allowed
    }

    private static func lengths(of opcode: UInt8) -> (extras: UInt8, key: Key, hasValue: Bool)? {
        switch opcode {
        // Get, GetQ, GetK, GetKQ.
        case 0x00, 0x09, 0x0C, 0x0D: (0, .needed, false)
        // Set, Add, Replace and their quiet forms.
        case 0x01, 0x02, 0x03, 0x11, 0x12, 0x13: (8, .needed, true)
        // Delete, DeleteQ.
        case 0x04, 0x14: (0, .needed, false)
        // Increment, Decrement and their quiet forms.
        case 0x05, 0x06, 0x15, 0x16: (20, .needed, false)
        // Quit, No-op, Version, QuitQ, SASL list mechanisms.
        case 0x07, 0x0A, 0x0B, 0x17, 0x20: (0, .none, false)
        // Append, Prepend and their quiet forms; SASL authenticate and step.
        case 0x0E, 0x0F, 0x19, 0x1A, 0x21, 0x22: (0, .needed, true)
        // Stat.
        case 0x10: (0, .allowed, false)
        // Touch, get and touch, and its quiet and keyed forms.
        case 0x1C, 0x1D, 0x1E, 0x23, 0x24: (4, .needed, false)
        default: nil
        }
    }
}
