/// Decimal digits without a branch.
enum DecimalText {
    /// A number below 10,000 as four digits, the first in the lowest byte: both pairs are taken apart at once, tens by
    /// multiplication (103 / 1024 is one tenth for numbers below 100).
    @inline(__always)
    static func fourDigits(_ value: UInt32) -> UInt32 {
        let pairs = value / 100 | (value % 100) << 16
        let tens = (pairs &* 103) >> 10 & 0x000F_000F
        let ones = pairs &- tens &* 10
        return 0x3030_3030 | tens | ones << 8
    }
}
