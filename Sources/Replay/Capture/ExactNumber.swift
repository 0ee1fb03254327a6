import FoundationEssentials

/// A number of JSON by its digits: a moment in seconds since 1970 has more of them than a Double, which loses microseconds.
struct ExactNumber: Decodable {
    /// `nil` where it is larger than any time.
    private let value: Decimal?

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let exact = try? value.decode(Decimal.self) {
            self.value = exact
        } else {
            // What a Decimal does not hold is a number still: one that is nearer to zero than any it has, or larger.
            self.value = try value.decode(Double.self).magnitude < 1 ? 0 : nil
        }
    }

    /// How many nanoseconds one of them has, as a power of ten.
    enum Unit: Int {
        case seconds = 9
        case milliseconds = 6
    }

    /// The nearest whole number of nanoseconds; `nil` where there are more than 64 bits hold.
    func nanoseconds(_ unit: Unit) -> Int64? {
        guard let value, let digits = UInt128("\(value.significand)") else { return nil }
        let scale = value.exponent + unit.rawValue
        guard scale < 0 else {
            guard let all = Self.times(digits, tenTo: scale) else { return nil }
            return Self.signed(all, isNegative: value.isSignMinus)
        }
        guard let divisor = Self.times(1, tenTo: -scale) else { return 0 }
        let (whole, rest) = digits.quotientAndRemainder(dividingBy: divisor)
        return Self.signed(whole + (rest >= divisor - rest ? 1 : 0), isNegative: value.isSignMinus)
    }

    private static func times(_ number: UInt128, tenTo power: Int) -> UInt128? {
        var product = number
        for _ in 0..<power where product > 0 {
            let (next, isOver) = product.multipliedReportingOverflow(by: 10)
            guard !isOver else { return nil }
            product = next
        }
        return product
    }

    private static func signed(_ magnitude: UInt128, isNegative: Bool) -> Int64? {
        guard let magnitude = Int128(exactly: magnitude) else { return nil }
        return Int64(exactly: isNegative ? -magnitude : magnitude)
    }
}
