/// A time in milliseconds for people and programs: four significant digits, and no floating point.
enum MillisecondsText {
    /// `0.4123`, `12.5`, `7`.
    static func text(nanoseconds: UInt64) -> String {
        var rounded = nanoseconds
        var unit: UInt64 = 1
        while nanoseconds / unit >= 10_000 { unit *= 10 }
        let rest = rounded % unit
        rounded -= rest
        if rest >= unit - rest, rest > 0 { rounded = rounded.addingReportingOverflow(unit).partialValue }
        let (whole, fraction) = rounded.quotientAndRemainder(dividingBy: 1_000_000)
        guard fraction > 0 else { return "\(whole)" }
        var digits = Array("\(1_000_000 + fraction)".utf8.dropFirst())
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return "\(whole).\(String(decoding: digits, as: UTF8.self))"
    }
}
