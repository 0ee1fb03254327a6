/// A `Dot-string` at a domain of two labels or more (RFC 5321, section 4.1.2).
///
/// A finite automaton, of which each byte is one look and one shift: a byte's row has for each state, at its place, the state
/// behind the byte.
enum MailAddress {
    /// Where in an address one is, each at its place in a row: six bits, of which the number is the first.
    private enum State: UInt64, CaseIterable {
        /// What no address begins with.
        case none = 0
        /// An atom must follow: at the beginning, and behind a dot.
        case beforeAtom = 6
        case atom = 12
        /// A label must follow, of which the domain has none yet.
        case beforeFirstLabel = 18
        case firstLabel = 24
        /// A dash of the first label, which can't be its end.
        case firstDash = 30
        case beforeLabel = 36
        /// Of a domain that has a dot: the address may end here.
        case label = 42
        case dash = 48

        func next(_ byte: UInt8) -> State {
            let isWord = byte | 0x20 &- 0x61 < 26 || byte &- 0x30 < 10
            switch (self, byte) {
            case (.none, _): return .none
            case (.beforeAtom, _) where MailAddress.isAtom(byte): return .atom
            case (.atom, _) where MailAddress.isAtom(byte): return .atom
            case (.atom, UInt8(ascii: ".")): return .beforeAtom
            case (.atom, UInt8(ascii: "@")): return .beforeFirstLabel
            case (.beforeFirstLabel, _) where isWord, (.firstLabel, _) where isWord, (.firstDash, _) where isWord:
                return .firstLabel
            case (.firstLabel, UInt8(ascii: "-")), (.firstDash, UInt8(ascii: "-")): return .firstDash
            case (.firstLabel, UInt8(ascii: ".")), (.label, UInt8(ascii: ".")): return .beforeLabel
            case (.beforeLabel, _) where isWord, (.label, _) where isWord, (.dash, _) where isWord: return .label
            case (.label, UInt8(ascii: "-")), (.dash, UInt8(ascii: "-")): return .dash
            default: return .none
            }
        }
    }

    private static let rows: [UInt64] = (UInt8.min...UInt8.max).map { byte in
        State.allCases.reduce(0) { $0 | $1.next(byte).rawValue << $1.rawValue }
    }

    static func matches(_ text: RawSpan) -> Bool {
        let rows = rows.span
        var state = State.beforeAtom.rawValue
        for place in 0..<text.byteCount {
            state = rows[unchecked: Int(text.byte(place))] &>> state & 0x3F
        }
        return state == State.label.rawValue
    }

    /// What an `Atom` may hold (RFC 5322, section 3.2.3): letters, digits and ``!#$%&'*+-/=?^_`{|}~``.
    private static func isAtom(_ byte: UInt8) -> Bool {
        let places: UInt64 = byte < 0x40 ? 0xA3FF_ACFA_0000_0000 : byte < 0x80 ? 0x7FFF_FFFF_C7FF_FFFE : 0
        return places &>> UInt64(byte & 0x3F) & 1 == 1
    }
}
