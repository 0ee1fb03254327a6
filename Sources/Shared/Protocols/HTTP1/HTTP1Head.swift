/// What the head of a message says of its framing, coding and host (RFC 9112, sections 2 to 6), beside what every
/// reader of the message sees (`MessageHead`).
struct HTTP1Framing: BitwiseCopyable {
    /// How the head says that the body is framed, before the rules of precedence.
    enum ContentLength: Equatable, BitwiseCopyable {
        case absent
        case invalid
        case bytes(UInt64)
    }

    private(set) var contentLength = ContentLength.absent
    private(set) var hasTransferEncoding = false
    /// Chunked is the last transfer coding.
    private(set) var isChunked = false
    private var contentCodings = ContentCodings()
    private var transferCodings = ContentCodings()
    /// Of the Content-Type field, its value.
    private(set) var contentType = ByteRange.empty
    /// Of the Upgrade field, its value.
    private(set) var upgrade: ByteRange?
    private(set) var host = ByteRange.empty
    /// There is a field, of whatever name.
    private(set) var hasFields = false
    /// The request's target goes on in what was not captured.
    private(set) var isTargetCut = false
    private(set) var anomalies = AnomalySet()

    /// All that was done to the body: the content's codings, and over them those of the transfer.
    var codings: ContentCodings {
        var codings = contentCodings
        codings.append(transferCodings)
        return codings
    }

    /// Reads a head that is complete, or as complete as it will ever be.
    /// - Parameters:
    ///   - bytes: from the start line on.
    ///   - lines: the line feeds, as `HeadScanner` found them.
    /// - Returns: `false` where the first line is no start line of the side; the head is then without meaning.
    mutating func parse(
        _ bytes: RawSpan, _ lines: HeadScanner, _ side: Side, _ head: inout MessageHead, keepsFields: Bool
    ) -> Bool {
        self = HTTP1Framing()
        head.reset(side)
        let feeds = lines.lineFeeds
        guard let first = feeds.first, let last = feeds.last else { return false }
        let startLine = line(bytes, from: 0, feed: Int(first))
        guard side == .client ? parseRequestLine(bytes, startLine, &head) : parseStatusLine(bytes, startLine, &head)
        else { return false }
        head.length = Int(last) &+ 1
        if lines.hasBareCarriageReturn { anomalies.insert(.bareCarriageReturn) }
        var start = Int(first) &+ 1
        var field: MessageHead.FieldLine?
        for index in 1..<Swift.max(1, feeds.count) {
            let feed = Int(feeds[index])
            let text = line(bytes, from: start, feed: feed)
            start = feed &+ 1
            guard let byte = bytes.u8(at: text.lowerBound), !text.isEmpty else { continue }
            if byte == 0x20 || byte == 0x09 {
                fold(bytes, text, &field)
            } else if let next = fieldLine(bytes, text, keepsFields) {
                add(bytes, field, &head, keepsFields)
                field = next
            }
        }
        add(bytes, field, &head, keepsFields)
        return true
    }

    /// Reads what is left of a request whose first line was not captured to its end.
    /// - Returns: `false` where that is no request line.
    mutating func parseCut(_ bytes: RawSpan, _ head: inout MessageHead) -> Bool {
        self = HTTP1Framing()
        head.reset(.client)
        guard let line = RequestLine.cut(bytes) else { return false }
        head.verb = line.method
        head.target = line.target
        head.length = bytes.byteCount
        isTargetCut = line.target.range.upperBound == bytes.byteCount
        return true
    }

    @inline(__always)
    private mutating func add(
        _ bytes: RawSpan, _ field: MessageHead.FieldLine?, _ head: inout MessageHead, _ keepsFields: Bool
    ) {
        guard let field else { return }
        hasFields = true
        if keepsFields { head.fields.append(field) }
        interpret(bytes, field)
    }

    /// The line's bytes without its end; a line that ends in LF alone is noted.
    @inline(__always)
    private mutating func line(_ bytes: RawSpan, from start: Int, feed: Int) -> Range<Int> {
        if feed > start, bytes.u8(at: feed &- 1) == 0x0D { return start..<(feed &- 1) }
        anomalies.insert(.bareLineFeed)
        return start..<feed
    }

    // MARK: Start line

    /// method SP request-target SP HTTP-version (RFC 9112, section 3).
    ///
    /// Several blanks, or a tab, between the parts are what section 3 lets recipients accept; blanks inside the target
    /// are named.
    private mutating func parseRequestLine(
        _ bytes: RawSpan, _ line: Range<Int>, _ head: inout MessageHead
    ) -> Bool {
        guard let parts = RequestLine.parse(bytes, line) else { return false }
        head.verb = parts.method
        head.target = parts.target
        if parts.isMalformed { anomalies.insert(.startLineMalformed) }
        if parts.isVersionUnknown { anomalies.insert(.versionUnknown) }
        return true
    }

    /// HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112, section 4).
    private mutating func parseStatusLine(_ bytes: RawSpan, _ line: Range<Int>, _ head: inout MessageHead) -> Bool {
        guard let parts = StatusLine.parse(bytes, line) else { return false }
        head.status = parts.status
        head.reason = parts.reason
        if parts.isMalformed { anomalies.insert(.startLineMalformed) }
        if parts.isVersionUnknown { anomalies.insert(.versionUnknown) }
        return true
    }

    // MARK: Field lines

    /// field-name ":" OWS field-value OWS (RFC 9112, section 5).
    /// - Parameter needsValue: the value is wanted whatever the name.
    /// - Returns: `nil` where it is no field line, which is noted.
    @inline(__always)
    private mutating func fieldLine(
        _ bytes: RawSpan, _ line: Range<Int>, _ needsValue: Bool
    ) -> MessageHead.FieldLine? {
        var colon = HTTPGrammar.tokenEnd(bytes, line)
        var nameEnd = colon
        if colon == line.upperBound || bytes.u8(at: colon) != 0x3A {
            guard let found = bytes.firstIndex(of: 0x3A, in: colon..<line.upperBound) else {
                anomalies.insert(.headerMalformed)
                return nil
            }
            colon = found
            nameEnd = HTTPGrammar.trimmed(bytes, line.lowerBound..<found).upperBound
            anomalies.insert(nameEnd < found ? .headerNameSpace : .headerMalformed)
        }
        if nameEnd == line.lowerBound {
            anomalies.insert(.headerMalformed)
            return nil
        }
        guard needsValue || Self.mayDecide(nameEnd &- line.lowerBound) else {
            return MessageHead.FieldLine(name: ByteRange(line.lowerBound, nameEnd), value: .empty, isFolded: false)
        }
        let value = HTTPGrammar.trimmed(bytes, (colon &+ 1)..<line.upperBound)
        return MessageHead.FieldLine(
            name: ByteRange(line.lowerBound, nameEnd), value: ByteRange(value.lowerBound, value.upperBound),
            isFolded: false)
    }

    /// A line that begins with a blank goes on with the value before it (RFC 9112, section 5.2).
    private mutating func fold(_ bytes: RawSpan, _ line: Range<Int>, _ field: inout MessageHead.FieldLine?) {
        anomalies.insert(.foldedHeader)
        guard let last = field else {
            anomalies.insert(.headerMalformed)
            return
        }
        let start = last.value.isEmpty ? line.lowerBound : last.value.range.lowerBound
        let value = HTTPGrammar.trimmed(bytes, start..<line.upperBound)
        guard !value.isEmpty else { return }
        field?.value = ByteRange(value.lowerBound, value.upperBound)
        field?.isFolded = true
    }

    /// Whether a field whose name has so many bytes may be one of those that `interpret` looks at.
    @inline(__always)
    private static func mayDecide(_ length: Int) -> Bool { length < 18 && 0x3_5090 >> UInt32(length) & 1 == 1 }

    /// The few fields that decide about framing, coding and naming.
    @inline(__always)
    private mutating func interpret(_ bytes: RawSpan, _ field: MessageHead.FieldLine) {
        let name = field.name.range
        switch name.count {
        case 4 where HTTPGrammar.equal(bytes, name, "host"):
            if host.isEmpty { host = field.value }
        case 7 where HTTPGrammar.equal(bytes, name, "upgrade"):
            upgrade = field.value
        case 12 where HTTPGrammar.equal(bytes, name, "content-type"):
            contentType = field.value
        case 14 where HTTPGrammar.equal(bytes, name, "content-length"):
            interpretContentLength(bytes, field.value.range)
        case 16 where HTTPGrammar.equal(bytes, name, "content-encoding"):
            HTTPGrammar.forEachElement(bytes, field.value.range) { contentCodings.append(ContentCoding(bytes, $0)) }
        case 17 where HTTPGrammar.equal(bytes, name, "transfer-encoding"):
            interpretTransferEncoding(bytes, field.value.range)
        default: break
        }
    }

    /// A list of the same number counts as that number (RFC 9110, section 8.6).
    private mutating func interpretContentLength(_ bytes: RawSpan, _ value: Range<Int>) {
        var any = false
        HTTPGrammar.forEachElement(bytes, value) { element in
            any = true
            guard let number = HTTPGrammar.decimal(bytes, element) else {
                if contentLength == .absent { contentLength = .invalid }
                anomalies.insert(.contentLengthInvalid)
                return
            }
            switch contentLength {
            case .absent: contentLength = .bytes(number)
            case .bytes(number): break
            case .bytes, .invalid: anomalies.insert(.contentLengthConflict)
            }
        }
        if !any {
            anomalies.insert(.contentLengthInvalid)
            if contentLength == .absent { contentLength = .invalid }
        }
    }

    private mutating func interpretTransferEncoding(_ bytes: RawSpan, _ value: Range<Int>) {
        hasTransferEncoding = true
        isChunked = false
        HTTPGrammar.forEachElement(bytes, value) { element in
            let semicolon = bytes.firstIndex(of: 0x3B, in: element) ?? element.upperBound
            let coding = HTTPGrammar.trimmed(bytes, element.lowerBound..<semicolon)
            isChunked = HTTPGrammar.equal(bytes, coding, "chunked")
            if HTTPGrammar.equal(bytes, coding, "gzip") || HTTPGrammar.equal(bytes, coding, "x-gzip") {
                transferCodings.append(.gzip)
            } else if HTTPGrammar.equal(bytes, coding, "deflate") {
                transferCodings.append(.deflate)
            } else if !isChunked, !HTTPGrammar.equal(bytes, coding, "identity") {
                anomalies.insert(.transferEncodingUnknown)
            }
        }
    }
}
