import Shared

/// Moments as people, and other programs, write them.
enum MomentText {
    /// A number with at most nine decimals, of so many nanoseconds each.
    static func nanoseconds(_ text: Substring, _ unit: Int64) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Int64(parts[0]) else { return nil }
        let decimals = parts.count == 2 ? parts[1] : ""
        guard decimals.count <= 9, parts.count == 1 || !decimals.isEmpty,
            decimals.allSatisfy({ $0.isASCII && $0.isNumber })
        else { return nil }
        let billionths = Int64(decimals + String(repeating: "0", count: 9 - decimals.count)) ?? 0
        let all = Int128(whole) * Int128(unit) + Int128(billionths) * Int128(unit) / 1_000_000_000
        return Int64(exactly: all)
    }

    /// RFC 3339, with a blank for the T; what is left out is zero, and UTC.
    static func moment(_ text: String) -> Timestamp? {
        if let seconds = nanoseconds(text[...], 1_000_000_000) { return Timestamp(nanoseconds: seconds) }
        var text = Array(text.utf8)
        var offset: Int64 = 0
        if text.count > 10 {
            if text[10] == UInt8(ascii: " ") { text[10] = UInt8(ascii: "T") }
            if text.last == UInt8(ascii: "Z") {
                text.removeLast()
            } else if text.count > 16, let minutes = zone(text.suffix(6)) {
                text.removeLast(6)
                offset = minutes * 60_000_000_000
            }
        }
        switch text.count {
        case 10: text += Array("T00:00:00Z".utf8)
        case 16: text += Array(":00Z".utf8)
        default: text.append(UInt8(ascii: "Z"))
        }
        guard let local = Timestamp(text.span.bytes) else { return nil }
        let (moment, overflow) = local.nanoseconds.subtractingReportingOverflow(offset)
        return overflow ? nil : Timestamp(nanoseconds: moment)
    }

    /// Minutes east of UTC: `+02:00`.
    private static func zone(_ text: ArraySlice<UInt8>) -> Int64? {
        let text = Array(text)
        guard text[3] == UInt8(ascii: ":"), text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-"),
            let hours = Int64(String(decoding: text[1...2], as: UTF8.self)), hours < 24,
            let minutes = Int64(String(decoding: text[4...5], as: UTF8.self)), minutes < 60, hours >= 0, minutes >= 0
        else { return nil }
        return (text[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }
}
