/// How far the parts of a statement reach. Whatever the bytes are: an end, and never before the start.
extension RawSpan {
    /// Behind the quote that ends what begins at `start`, behind its own quote; two quotes are one within.
    /// - Returns: the end of the bytes where it does not end.
    func quotedEnd(_ start: Int, _ quote: UInt8, hasBackslashes: Bool) -> (end: Int, isClosed: Bool) {
        var at = start
        while at < byteCount {
            guard hasBackslashes else {
                guard let found = firstIndex(of: quote, from: at) else { return (byteCount, false) }
                guard u8(at: found &+ 1) == quote else { return (found &+ 1, true) }
                at = found &+ 2
                continue
            }
            let byte = byte(at)
            if byte == UInt8(ascii: "\\") {
                at &+= 2
            } else if byte != quote {
                at &+= 1
            } else if u8(at: at &+ 1) == quote {
                at &+= 2
            } else {
                return (at &+ 1, true)
            }
        }
        return (byteCount, false)
    }

    /// Behind a comment that begins at `start` with `/*`.
    func commentEnd(_ start: Int, isNested: Bool) -> Int {
        var depth = 1
        var at = start &+ 2
        while at < byteCount {
            let byte = byte(at)
            if byte == UInt8(ascii: "*"), u8(at: at &+ 1) == UInt8(ascii: "/") {
                depth &-= 1
                at &+= 2
                if depth == 0 { return at }
            } else if isNested, byte == UInt8(ascii: "/"), u8(at: at &+ 1) == UInt8(ascii: "*") {
                depth &+= 1
                at &+= 2
            } else {
                at &+= 1
            }
        }
        return byteCount
    }

    /// The `$tag$` that begins at `start` (PostgreSQL, section 4.1.2.4), which is no placeholder and no money.
    func dollarTag(_ start: Int) -> Range<Int>? {
        var at = start &+ 1
        while let byte = u8(at: at), byte != UInt8(ascii: "$") {
            let isIn =
                ASCII.isLetter(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
                || ASCII.isDigit(byte) && at > start &+ 1
            guard isIn else { return nil }
            at &+= 1
        }
        return u8(at: at) == nil ? nil : start..<at &+ 1
    }

    /// Behind the tag that ends a dollar-quoted string.
    ///
    /// Tags that nearly fit are compared byte by byte, but a `$` ends each, so no byte is compared more than twice.
    func dollarEnd(_ tag: Range<Int>) -> (end: Int, isClosed: Bool) {
        var at = tag.upperBound
        while let found = firstIndex(of: UInt8(ascii: "$"), from: at) {
            var length = 1
            while length < tag.count, let byte = u8(at: found &+ length), byte == self.byte(tag.lowerBound &+ length) {
                length &+= 1
            }
            if length == tag.count { return (found &+ length, true) }
            at = found &+ length
        }
        return (byteCount, false)
    }

    /// Behind a number that begins at `start` with a digit, or with a point and a digit: `1`, `1.5e-7`, `0x1F`, `0b01`,
    /// `1_000`.
    func numberEnd(_ start: Int) -> Int {
        var at = start
        if byte(at) == UInt8(ascii: "0"), let letter = u8(at: at &+ 1), "xXbBoO".utf8.contains(letter) {
            at &+= 2
            while let byte = u8(at: at), isHexadecimal(byte) || byte == UInt8(ascii: "_") { at &+= 1 }
            return at
        }
        at = digitsEnd(at)
        // `1..10` are two numbers.
        if u8(at: at) == UInt8(ascii: "."), u8(at: at &+ 1) != UInt8(ascii: ".") { at = digitsEnd(at &+ 1) }
        guard let letter = u8(at: at), letter | 0x20 == UInt8(ascii: "e") else { return at }
        var exponent = at &+ 1
        if let sign = u8(at: exponent), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { exponent &+= 1 }
        guard let digit = u8(at: exponent) else { return byteCount }
        return ASCII.isDigit(digit) ? digitsEnd(exponent) : at
    }

    private func digitsEnd(_ start: Int) -> Int {
        var at = start
        while let byte = u8(at: at), ASCII.isDigit(byte) || byte == UInt8(ascii: "_") { at &+= 1 }
        return at
    }

    private func isHexadecimal(_ byte: UInt8) -> Bool { ASCII.isDigit(byte) || (byte | 0x20) &- 0x61 < 6 }
}
