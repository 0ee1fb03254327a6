extension StringProtocol {
    /// Without the blanks and line ends around it.
    ///
    /// Foundation's own comes with all of Unicode's tables, 40 MB of them.
    package var withoutOuterBlanks: String {
        let rest = drop { $0.isWhitespace }
        return String(rest[..<(rest.lastIndex { !$0.isWhitespace }.map(rest.index(after:)) ?? rest.startIndex)])
    }
}
