/// How the bytes that are there agree with a rule: a value of Kleene's three-valued logic.
///
/// A detector has to be stable: bytes that arrive later never take back what it said. That is easy to break once two
/// sides are weighed against each other, so detectors are built from rules on few bytes each, joined by `and` and
/// `or`. A rule that is `.open` because its bytes are missing may become `.yes` or `.no`, and nothing else ever
/// changes. `and` and `or` are monotone, so what they join is as stable as its parts. What breaks it is a rule that
/// looks at how many bytes are there to answer anything but `.open`.
enum Fit: Sendable {
    case no
    case open
    case yes

    @inline(__always)
    init(_ holds: Bool) { self = holds ? .yes : .no }

    /// Both rules hold; one that does not refuses at once, whatever is still missing of the other.
    @inline(__always)
    func and(_ other: @autoclosure () -> Fit) -> Fit {
        switch self {
        case .no: .no
        case .yes: other()
        case .open: other() == .no ? .no : .open
        }
    }

    /// Either rule is enough; only both can refuse.
    @inline(__always)
    func or(_ other: @autoclosure () -> Fit) -> Fit {
        switch self {
        case .yes: .yes
        case .no: other()
        case .open: other() == .yes ? .yes : .open
        }
    }

    /// What a detector answers when this is all it has to say.
    func finding(_ reason: StaticString) -> Finding {
        switch self {
        case .no: .no
        case .open: .needMore
        case .yes: .yes(Evidence(reason))
        }
    }
}

extension Finding {
    /// The next rule's answer where this one refused.
    ///
    /// A rule that waits goes before those after it, as in `Registry`.
    func otherwise(_ next: @autoclosure () -> Finding) -> Finding {
        if case .no = self { next() } else { self }
    }

    /// The answer of a weaker rule, asked for only once nothing more will come to settle the matter.
    func atTheEnd(_ context: DetectionContext, _ next: @autoclosure () -> Finding) -> Finding {
        if case .needMore = self, context.isFinal { next() } else { self }
    }
}

/// Rules on single values: `.open` until the value's last byte is there.
extension RawSpan {
    @inline(__always)
    func fit(byteAt offset: Int, _ rule: (UInt8) -> Bool) -> Fit {
        guard let value = u8(at: offset) else { return .open }
        return Fit(rule(value))
    }

    @inline(__always)
    func fit<T: FixedWidthInteger & BitwiseCopyable>(big type: T.Type, at offset: Int, _ rule: (T) -> Bool) -> Fit {
        guard let value = big(type, at: offset) else { return .open }
        return Fit(rule(value))
    }

    @inline(__always)
    func fit<T: FixedWidthInteger & BitwiseCopyable>(little type: T.Type, at offset: Int, _ rule: (T) -> Bool) -> Fit {
        guard let value = little(type, at: offset) else { return .open }
        return Fit(rule(value))
    }

    /// The bytes of `constant` in network order: refuses at the first byte that differs.
    func fit<T: FixedWidthInteger & UnsignedInteger>(_ constant: T, at offset: Int) -> Fit {
        let width = T.bitWidth / 8
        for i in 0..<width {
            guard let byte = u8(at: offset &+ i) else { return .open }
            if byte != UInt8(truncatingIfNeeded: constant >> T((width &- 1 &- i) &* 8)) { return .no }
        }
        return .yes
    }

    /// The bytes of `text`: refuses at the first byte that differs.
    func fit(_ text: StaticString, at offset: Int) -> Fit {
        if has(text, at: offset) { return .yes }
        // A place behind the end is not wrong, it is not there yet.
        return offset > byteCount || mayBecome(text, at: offset) ? .open : .no
    }

    /// All bytes from `offset` on, up to `count` of them.
    func fit(allOf count: Int, at offset: Int, _ rule: (UInt8) -> Bool) -> Fit {
        guard offset >= 0, count >= 0 else { return .no }
        for i in 0..<count {
            guard let byte = u8(at: offset &+ i) else { return .open }
            if !rule(byte) { return .no }
        }
        return .yes
    }

    /// A string that ends with NUL before it is longer than `limit`; each byte of it passes `rule`.
    func fit(cString offset: Int, limit: Int, _ rule: (UInt8) -> Bool) -> Fit {
        for i in 0...limit {
            guard let byte = u8(at: offset &+ i) else { return .open }
            if byte == 0 { return .yes }
            if !rule(byte) { return .no }
        }
        return .no
    }

    /// CRLF at `offset`.
    func fitLineEnd(at offset: Int) -> Fit { fit(0x0D0A as UInt16, at: offset) }
}
