/// What the place where a text is read can show.
package struct TextStyle: Equatable, Sendable {
    /// Colours, by the escape sequences of ECMA-48.
    package var hasColour: Bool
    /// Lines, arrows and bars beyond ASCII.
    package var hasUnicode: Bool
    /// Columns.
    package var width: Int
    /// A name that is longer than a line is cut: on a terminal, or where COLUMNS says how long one is.
    ///
    /// Whoever reads it elsewhere may be a program, or wants to copy it.
    package var cutsNames: Bool

    package init(hasColour: Bool = false, hasUnicode: Bool = true, width: Int = 80, cutsNames: Bool = false) {
        self.hasColour = hasColour
        self.hasUnicode = hasUnicode
        self.width = max(width, 40)
        self.cutsNames = cutsNames
    }

    package enum Tone: String, Sendable {
        case plain = "0"
        case strong = "1"
        case faint = "2"
        case good = "32"
        case warning = "33"
        case bad = "31"
        case accent = "36"
    }

    package func tone(_ tone: Tone, _ text: String) -> String {
        hasColour && tone != .plain && !text.isEmpty ? "\u{1B}[\(tone.rawValue)m\(text)\u{1B}[0m" : text
    }

    package func symbol(_ unicode: String, _ ascii: String) -> String { hasUnicode ? unicode : ascii }

    /// Text from the tape, safe for a terminal: whatever is not printable is shown as its code, never sent as it is.
    package func safe(_ text: String) -> String {
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
                safe += "\\u{\(String(scalar.value, radix: 16))}"
            case 0x80... where !hasUnicode:
                safe += "\\u{\(String(scalar.value, radix: 16))}"
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }

    /// Cuts a text that is too long, in its middle: the end of a path tells as much as its beginning.
    package func fitted(_ text: String, _ columns: Int) -> String {
        guard text.count > columns, columns > 3 else { return text }
        let mark = symbol("…", "..")
        let kept = columns - mark.count
        return text.prefix(kept - kept / 3) + mark + text.suffix(kept / 3)
    }
}

extension String {
    /// Padded with blanks to so many columns; colours take none.
    package func padded(_ columns: Int, shown: Int? = nil) -> String {
        self + String(repeating: " ", count: max(columns - (shown ?? count), 0))
    }

    package func leftPadded(_ columns: Int) -> String { String(repeating: " ", count: max(columns - count, 0)) + self }
}

/// Numbers as people read them.
package enum Quantity {
    /// `1,234,567`.
    package static func count(_ value: UInt64) -> String {
        let digits = Array(String(value))
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// `1 request`, `2 requests`.
    package static func count(_ value: UInt64, _ one: String, _ many: String? = nil) -> String {
        "\(count(value)) \(value == 1 ? one : many ?? one + "s")"
    }

    /// `512 B`, `1.2 MB`: units of 1000, as for disks and network rates.
    package static func bytes(_ value: UInt64) -> String {
        guard value >= 1000 else { return "\(value) B" }
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        var unit = 0
        var tenths = value / 100 + (value % 100 >= 50 ? 1 : 0)
        while tenths >= 10_000, unit < units.count - 1 {
            tenths = tenths / 1000 + (tenths % 1000 >= 500 ? 1 : 0)
            unit += 1
        }
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// `40 us`, `85 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 2 h`.
    package static func duration(nanoseconds: Int64) -> String {
        let magnitude = nanoseconds.magnitude
        let seconds = magnitude / 1_000_000_000
        switch seconds {
        case 0:
            let micro = magnitude / 1000
            return micro < 1000 ? "\(micro) us" : "\(micro / 1000) ms"
        case ..<60: return "\(seconds).\(magnitude / 100_000_000 % 10) s"
        case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    /// `91.2 %` of a whole; never 100.0 or 0.0 for what isn't all or nothing.
    package static func share(_ part: UInt64, of whole: UInt64) -> String {
        guard whole > 0 else { return "" }
        if part == whole { return "100 %" }
        if part == 0 { return "0 %" }
        let tenths = min(max(Int(Double(part) / Double(whole) * 1000 + 0.5), 1), 999)
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// `12.5/s`, `3.0/min`, `0.2/h`.
    package static func rate(perSecond: Double) -> String {
        if perSecond >= 99.95 { return "\(count(UInt64(min(perSecond.rounded(), 1e15))))/s" }
        let (value, unit) =
            perSecond >= 0.095
            ? (perSecond, "s") : perSecond >= 0.095 / 60 ? (perSecond * 60, "min") : (perSecond * 3600, "h")
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)/\(unit)"
    }

    /// Three digits: `412 us`, `7.21 ms`, `12.5 s`.
    package static func latency(nanoseconds: UInt64) -> String {
        let units: [(UInt64, String)] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us")]
        for (unit, name) in units where nanoseconds >= unit {
            let whole = nanoseconds / unit
            if whole >= 100 { return "\(whole) \(name)" }
            let digits = whole >= 10 ? 1 : 2
            let scale: UInt64 = digits == 1 ? 10 : 100
            let fraction = String(nanoseconds % unit * scale / unit)
            return "\(whole).\(String(repeating: "0", count: digits - fraction.count))\(fraction) \(name)"
        }
        return "\(nanoseconds) ns"
    }
}
