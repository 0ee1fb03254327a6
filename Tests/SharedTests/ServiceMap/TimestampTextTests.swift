import Foundation
import Testing

@testable import Shared

@Suite struct `Timestamp text` {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000000Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_775_672_650_123_456_789, "2026-04-08T18:24:10.123456789Z"),
        (Int64.max, "2262-04-11T23:47:16.854775807Z"), (Int64.min, "1677-09-21T00:12:43.145224192Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
        (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
    ])
    func `is RFC 3339 with nanoseconds`(nanoseconds: Int64, expected: String) {
        #expect(Timestamp(nanoseconds: nanoseconds).description == expected)
    }

    @Test func `agrees with Foundation over the whole range`() {
        var random = SeededRandom(seed: 8)
        var text = TimestampText()
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "UTC")!
        for _ in 0..<5000 {
            var nanoseconds = Int64.random(in: .min ... .max, using: &random)
            // The Gregorian calendar of Foundation is the Julian one before 1582 only; all of the range is after it.
            if Bool.random(using: &random) { nanoseconds %= 2_000_000_000_000_000_000 }
            var second = nanoseconds / 1_000_000_000
            if nanoseconds % 1_000_000_000 < 0 { second -= 1 }
            let fraction = nanoseconds &- second &* 1_000_000_000
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: Double(second)))
            let expected =
                String(
                    format: "%04d-%02d-%02dT%02d:%02d:%02d", parts.year!, parts.month!, parts.day!, parts.hour!,
                    parts.minute!, parts.second!) + String(format: ".%09dZ", Int(fraction))
            var bytes: [UInt8] = Array("x".utf8)
            text.append(Timestamp(nanoseconds: nanoseconds), to: &bytes)
            #expect(String(decoding: bytes, as: UTF8.self) == "x" + expected)
        }
    }

    @Test func `remembers the second and not the fraction`() {
        var text = TimestampText()
        for fraction in [0, 1, 999_999_999, 5] as [Int64] {
            var bytes: [UInt8] = []
            text.append(Timestamp(nanoseconds: 1_000_000_000 + fraction), to: &bytes)
            let digits = String(1_000_000_000 + fraction).dropFirst()
            #expect(String(decoding: bytes, as: UTF8.self) == "1970-01-01T00:00:01.\(digits)Z")
        }
    }
}
