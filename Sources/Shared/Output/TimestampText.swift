/// Timestamps as text: `2026-04-08T18:24:10.123456789Z` (RFC 3339, UTC, always nine digits of a second).
///
/// It remembers the text of the last second, since events come in bursts: then only the nine digits are new.
package struct TimestampText: Sendable {
    /// Bytes of every text; the years that 64 bits of nanoseconds reach (1677 to 2262) have four digits.
    package static var length: Int { 30 }

    private var second = Int64.min
    /// `YYYY-MM-DDThh:mm:ss.`
    private var prefix: InlineArray<20, UInt8> = InlineArray(repeating: 0)

    package init() {}

    /// Appends the text of a timestamp.
    @inline(__always)
    package mutating func append(_ timestamp: Timestamp, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: Self.length) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                let free = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                count += write(timestamp, to: free)
            }
        }
    }

    /// Writes the text of a timestamp to the start of `buffer`, which has room for `length` bytes, and gives `length`.
    @inline(__always)
    package mutating func write(_ timestamp: Timestamp, to buffer: UnsafeMutableRawBufferPointer) -> Int {
        precondition(buffer.count >= Self.length)
        var (second, nanoseconds) = timestamp.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if nanoseconds < 0 {
            second -= 1
            nanoseconds += 1_000_000_000
        }
        if second != self.second { remember(second) }
        for place in 0..<20 { buffer[place] = prefix[place] }
        var rest = UInt32(truncatingIfNeeded: nanoseconds)
        for place in stride(from: 28, through: 20, by: -1) {
            buffer[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        buffer[29] = UInt8(ascii: "Z")
        return Self.length
    }

    /// Days to a date as in "chrono-Compatible Low-Level Date Algorithms" (H. Hinnant), `civil_from_days`: years begin
    /// in March, so that the leap day is the last, and 400 of them (an era) have 146,097 days.
    @inline(never)
    private mutating func remember(_ second: Int64) {
        self.second = second
        let sinceEpoch = Int(second)
        var days = sinceEpoch / 86_400
        var ofDay = sinceEpoch % 86_400
        if ofDay < 0 {
            days -= 1
            ofDay += 86_400
        }
        // From 0000-03-01; no timestamp is before it.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * fromMarch + 2) / 5 + 1
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        setPair(0, year / 100)
        setPair(2, year % 100)
        prefix[4] = UInt8(ascii: "-")
        setPair(5, month)
        prefix[7] = UInt8(ascii: "-")
        setPair(8, day)
        prefix[10] = UInt8(ascii: "T")
        setPair(11, ofDay / 3600)
        prefix[13] = UInt8(ascii: ":")
        setPair(14, ofDay / 60 % 60)
        prefix[16] = UInt8(ascii: ":")
        setPair(17, ofDay % 60)
        prefix[19] = UInt8(ascii: ".")
    }

    private mutating func setPair(_ place: Int, _ value: Int) {
        prefix[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / 10)
        prefix[place + 1] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 with nanoseconds.
    package var description: String {
        var text = TimestampText()
        return String(unsafeUninitializedCapacity: TimestampText.length) {
            text.write(self, to: UnsafeMutableRawBufferPointer($0))
        }
    }
}
