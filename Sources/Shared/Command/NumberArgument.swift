import ArgumentParser
package import Console

/// A number as it stands on the command line: what is wrong with it is said with the option's name, and what would be right.
package struct NumberArgument: ExpressibleByArgument {
    private let text: String

    package init?(argument: String) { text = argument }

    /// - Throws: where it is no number, or out of the range.
    package func number(_ option: String, in range: ClosedRange<Int>) throws(Failure) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw Failure("\(option) \(text): write a number, \(Self.words(range))")
        }
        return number
    }

    /// A number of bytes; `64K`, `64k` and `64KiB` are 65,536, and so are M and G.
    /// - Throws: where it is no such number, or out of the range.
    package func bytes(_ option: String, in range: ClosedRange<Int>) throws(Failure) -> Int {
        guard let bytes = bytes, range.contains(bytes) else {
            throw Failure("\(option) \(text): write a number of bytes, \(Self.words(range)); 64K is 65536")
        }
        return bytes
    }

    private var bytes: Int? {
        let digits = text.prefix { $0.isWholeNumber }
        let unit: Int? =
            switch text[digits.endIndex...].lowercased() {
            case "", "b": 1
            case "k", "kib": 1 << 10
            case "m", "mib": 1 << 20
            case "g", "gib": 1 << 30
            default: nil
            }
        guard let number = Int(digits), let unit else { return nil }
        let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: unit)
        return isTooMuch ? nil : bytes
    }

    private static func words(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
    }
}
