extension HTTPMessage {
    /// The message with a head that gives no credentials away; its body stays as it is.
    ///
    /// Values are replaced in the wire bytes, and the head is read again: all that an event shows of it comes from there.
    borrowing func redacted() -> HTTPMessage {
        var bytes: [UInt8] = []
        var copied = 0
        func replace(_ range: Range<Int>, by shown: [UInt8]) {
            bytes.append(wire.bytes.extracting(copied..<range.lowerBound))
            bytes += shown
            copied = range.upperBound
        }
        if head.kind == .request {
            replace(
                head.target.range, by: Redaction.withoutPasswords([UInt8](wire.bytes.extracting(head.target.range))))
        }
        for field in head.fields {
            let name = [UInt8](wire.bytes.extracting(field.name.range))
            replace(
                field.value.range,
                by: Redaction.shown([UInt8](wire.bytes.extracting(field.value.range)), ofHeader: name))
        }
        bytes.append(wire.bytes.extracting(copied...))
        var lines = HeadScanner()
        var shown = HTTPHead()
        guard lines.scan(bytes.span.bytes) != nil, shown.parse(bytes.span.bytes, lines, head.kind) else {
            // Rather nothing than a credential.
            return with(HTTPHead(), RawSpan())
        }
        return with(shown, bytes.span.bytes)
    }
}
