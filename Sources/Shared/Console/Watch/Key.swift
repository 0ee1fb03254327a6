/// What somebody presses, as terminals tell it (ECMA-48; xterm's control sequences).
package enum Key: Equatable {
    case up, down, left, right, pageUp, pageDown, home, end
    case enter, escape, backspace, interrupt, suspend
    case character(Character)

    /// The keys of some bytes that came together; what is none is passed over.
    package static func keys(_ bytes: [UInt8]) -> [Key] {
        var keys: [Key] = []
        var at = 0
        var text: [UInt8] = []
        func takeText() {
            keys += String(decoding: text, as: UTF8.self).map { .character($0) }
            text = []
        }
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            guard byte < 0x20 || byte == 0x7F else {
                text.append(byte)
                continue
            }
            takeText()
            switch byte {
            case 0x03: keys.append(.interrupt)
            case 0x08, 0x7F: keys.append(.backspace)
            case 0x0A, 0x0D: keys.append(.enter)
            case 0x1A: keys.append(.suspend)
            case 0x1B: if let key = sequence(bytes, &at) { keys.append(key) }
            default: break
            }
        }
        takeText()
        return keys
    }

    /// What follows an escape, which stands alone where nothing does.
    private static func sequence(_ bytes: [UInt8], _ at: inout Int) -> Key? {
        guard at < bytes.count, bytes[at] == UInt8(ascii: "[") || bytes[at] == UInt8(ascii: "O") else { return .escape }
        at += 1
        let start = at
        while at < bytes.count, !(0x40...0x7E ~= bytes[at]) { at += 1 }
        guard at < bytes.count else { return nil }
        let (parameter, final) = (bytes[start..<at], bytes[at])
        at += 1
        switch final {
        case UInt8(ascii: "A"): return .up
        case UInt8(ascii: "B"): return .down
        case UInt8(ascii: "C"): return .right
        case UInt8(ascii: "D"): return .left
        case UInt8(ascii: "H"): return .home
        case UInt8(ascii: "F"): return .end
        case UInt8(ascii: "~"):
            switch parameter.first {
            case UInt8(ascii: "1"), UInt8(ascii: "7"): return .home
            case UInt8(ascii: "4"), UInt8(ascii: "8"): return .end
            case UInt8(ascii: "5"): return .pageUp
            case UInt8(ascii: "6"): return .pageDown
            default: return nil
            }
        default: return nil
        }
    }
}
