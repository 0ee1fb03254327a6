/// A value that looks like a credential, as it stood in a text, and what may stand in its place without anything else moving.
package struct FoundCredential: Hashable, Sendable {
    let credential: Credential
    package let value: [UInt8]
    /// What stood right before it, as far as that helps to find a short value again.
    package let before: [UInt8]
    /// It stands in JSON without quotes: a number.
    package let isNumber: Bool

    /// So much of what stood before a value is kept.
    package static let longestBefore = 8

    init(_ hit: CredentialScanner.Hit, in text: [UInt8]) {
        credential = hit.credential
        value = Array(text[hit.range])
        before = Array(text[..<hit.range.lowerBound].suffix(Self.longestBefore))
        isNumber = hit.quoting != nil
    }

    /// A part of a value.
    init(_ hit: CredentialScanner.Hit, _ part: ArraySlice<UInt8>, behind before: [UInt8]) {
        credential = hit.credential
        value = Array(part)
        self.before = before.suffix(Self.longestBefore)
        isNumber = hit.quoting != nil
    }

    init(_ credential: Credential, _ value: [UInt8], behind before: [UInt8]) {
        self.credential = credential
        self.value = value
        self.before = before.suffix(Self.longestBefore)
        isNumber = false
    }

    /// It was hidden before, in this way or as a text that says so.
    package var isMasked: Bool {
        value == Redactor.mark || value.allSatisfy { $0 == Self.mask($0, isNumber: isNumber) }
    }

    /// It is found again by itself: a shorter one, or one that may be a word, is not without what stood before it.
    package var isDistinctive: Bool {
        value.count >= 32
            || value.count >= 10 && value.contains(where: ASCII.isDigit) && value.contains(where: ASCII.isLetter)
    }

    /// What stands in place of a byte, and says nothing: a number stays one, as JSON has it (RFC 8259, section 6), and a NUL, which
    /// parts a value or fills it.
    package static func mask(_ byte: UInt8, isNumber: Bool) -> UInt8 {
        switch byte {
        case 0: 0
        case UInt8(ascii: "0")...UInt8(ascii: "9") where isNumber: UInt8(ascii: "1")
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
            isNumber ? byte : UInt8(ascii: "x")
        default: UInt8(ascii: "x")
        }
    }
}
