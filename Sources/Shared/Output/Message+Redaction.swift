extension Message {
    /// The message without the credentials in its head and its body.
    ///
    /// Values are replaced in the wire bytes, and the head is read again: all that an event shows of it comes from there. A
    /// body that is framed or coded on the wire is shown decoded alone: its wire bytes would give away what it hides.
    borrowing func redacted(_ redactor: Redactor) -> Message {
        var bytes: [UInt8] = []
        var copied = 0
        func replace(_ range: Range<Int>, by shown: [UInt8]) {
            bytes.append(wire.bytes.extracting(copied..<range.lowerBound))
            bytes += shown
            copied = range.upperBound
        }
        if head.side == .client {
            replace(head.target.range, by: redactor.shown([UInt8](wire.bytes.extracting(head.target.range))))
        }
        for field in head.fields {
            let name = [UInt8](wire.bytes.extracting(field.name.range))
            replace(
                field.value.range,
                by: redactor.shown([UInt8](wire.bytes.extracting(field.value.range)), ofHeader: name))
        }
        let end = Swift.min(Swift.max(head.length, copied), wire.count)
        bytes.append(wire.bytes.extracting(copied..<end))
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
            return replacing(nothing, RawSpan(), dropped: 0, decoded: RawSpan())
        }
        let body = [UInt8](wire.bytes.extracting(end...))
        if bodyIsSeparate, !anomalies.contains(.contentCodingUnknown) {
            let content = bodyIsDecoded ? redactor.shown([UInt8](decoded.bytes)) : []
            return replacing(shown, bytes.span.bytes, dropped: body.count, decoded: content.span.bytes)
        }
        bytes += redactor.shown(body)
        return replacing(shown, bytes.span.bytes, dropped: 0, decoded: decoded.bytes)
    }
}
