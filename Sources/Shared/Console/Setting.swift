/// A setting: an environment variable, and an option of the command line that wins over it.
package struct Setting: Sendable {
    /// As it is written: `--http-port`.
    package let option: String
    /// `HTTP_PORT`, for example.
    package let variable: String

    package init(_ option: String, _ variable: String) {
        self.option = option
        self.variable = variable
    }

    /// Its text; `nil` where it is not set, or empty.
    package func text(_ given: String?) -> String? { value(given)?.text }

    /// - Throws: where the text is no number in the range.
    package func number(_ given: String?, in range: ClosedRange<Int>, default standard: Int) throws(Failure) -> Int {
        guard let (name, text) = value(given) else { return standard }
        guard let number = Int(text), range.contains(number) else {
            let wanted =
                range.upperBound == .max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
            throw Failure("\(name) \(text): write a number, \(wanted)")
        }
        return number
    }

    /// - Parameter lowest: 0 where a server may take any free port.
    package func port(_ given: String?, lowest: UInt16 = 1, default standard: UInt16) throws(Failure) -> UInt16 {
        UInt16(try number(given, in: Int(lowest)...65_535, default: Int(standard)))
    }

    private func value(_ given: String?) -> (name: String, text: String)? {
        if let given, !given.isEmpty { return (option, given) }
        return Terminal.environment(variable).flatMap { $0.isEmpty ? nil : (variable, $0) }
    }
}
