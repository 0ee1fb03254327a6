extension Message {
    /// The message without the credentials in its head and its body.
    ///
    /// Values are replaced in the wire bytes, and the head is read again: all that an event shows of it comes from there. A
    /// body that is framed or coded on the wire is shown decoded alone: its wire bytes would give away what it hides.
    borrowing func redacted(_ redactor: Redactor) -> Message {
        if details != nil { return redactedFields(redactor) }
        var bytes: [UInt8] = []
        var copied = 0
        func replace(_ range: Range<Int>, by shown: [UInt8]) {
            bytes.append(wire.bytes.extracting(copied..<range.lowerBound))
            bytes += shown
            copied = range.upperBound
        }
        if head.side == .client {
            replace(head.target.range, by: shownTarget(redactor))
        }
        for field in head.fields {
            let name = [UInt8](wire.bytes.extracting(field.name))
            replace(
                field.value.range,
                by: redactor.shown(
                    [UInt8](wire.bytes.extracting(field.value)), ofHeader: name,
                    behind: [UInt8](wire.bytes.extracting(field.name.range.upperBound..<field.value.range.lowerBound))))
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

    /// That of CONNECT is whom the tunnel leads to (RFC 9112, section 3.2.3).
    private borrowing func shownTarget(_ redactor: Redactor) -> [UInt8] {
        let target = [UInt8](wire.bytes.extracting(head.target))
        return wire.bytes.isWord("CONNECT", at: head.verb.range)
            ? redactor.shown(authority: target) : redactor.shown(target)
    }

    /// The same of a message that is made of fields.
    private borrowing func redactedFields(_ redactor: Redactor) -> Message {
        var shown = MessageHead()
        shown.reset(head.side)
        shown.status = head.status
        var bytes: [UInt8] = []
        func add(_ text: [UInt8]) -> ByteRange {
            bytes += text
            return ByteRange(bytes.count - text.count, bytes.count)
        }
        shown.verb = add([UInt8](wire.bytes.extracting(head.verb)))
        shown.target = add(shownTarget(redactor))
        for field in head.fields {
            let name = [UInt8](wire.bytes.extracting(field.name))
            let value = redactor.shown([UInt8](wire.bytes.extracting(field.value)), ofHeader: name)
            shown.fields.append(MessageHead.FieldLine(name: add(name), value: add(value), isFolded: false))
        }
        shown.length = bytes.count
        let body = [UInt8](wire.bytes.extracting(Swift.min(head.length, wire.count)...))
        let isCoded = bodyIsSeparate && !anomalies.contains(.contentCodingUnknown)
        if !isCoded { bytes += redactor.shown(body) }
        let content = isCoded && bodyIsDecoded ? redactor.shown([UInt8](decoded.bytes)) : []
        var message = replacing(
            shown, bytes.span.bytes, dropped: isCoded ? body.count : 0,
            decoded: isCoded ? content.span.bytes : decoded.bytes)
        message.details = details?.replacing { redactor.shown($1, ofHeader: $0) }
        return message
    }
}
