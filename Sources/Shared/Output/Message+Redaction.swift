extension Message {
    /// The message with a head that gives no credentials away; its body stays as it is.
    ///
    /// Values are replaced in the wire bytes, and the head is read again: all that an event shows of it comes from there.
    borrowing func redacted() -> Message {
        var bytes: [UInt8] = []
        var copied = 0
        func replace(_ range: Range<Int>, by shown: [UInt8]) {
            bytes.append(wire.bytes.extracting(copied..<range.lowerBound))
            bytes += shown
            copied = range.upperBound
        }
        if head.side == .client {
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
        var shown = MessageHead()
        var framing = HTTP1Framing()
        guard lines.scan(bytes.span.bytes) != nil,
            framing.parse(bytes.span.bytes, lines, head.side, &shown, keepsFields: true)
        else {
            // Rather nothing than a credential.
            var nothing = MessageHead()
            nothing.reset(head.side)
            nothing.status = head.status
            return with(nothing, RawSpan())
        }
        return with(shown, bytes.span.bytes)
    }
}
