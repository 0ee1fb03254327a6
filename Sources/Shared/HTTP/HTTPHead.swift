/// The head of a message: start line and field section (RFC 9112, sections 2 to 5), as ranges into its bytes.
package struct HTTPHead: ~Copyable {
    package enum Kind: Sendable { case request, response }

    /// A field line (RFC 9112, section 5), without the white space around its value.
    package struct FieldLine: Equatable, Sendable {
        package var name: ByteRange
        package var value: ByteRange
        /// The value goes over several lines (obs-fold).
        package var isFolded: Bool
    }

    /// How the head says that the body is framed, before the rules of precedence.
    package enum ContentLength: Equatable, Sendable {
        case absent
        case invalid
        case bytes(UInt64)
    }

    package private(set) var kind = Kind.request
    package private(set) var method = ByteRange.empty
    /// The request target as it stands.
    package private(set) var target = ByteRange.empty
    package private(set) var status: UInt16 = 0
    package private(set) var reason = ByteRange.empty
    /// The minor version: 0 for HTTP/1.0, 1 for HTTP/1.1.
    package private(set) var minorVersion: UInt8 = 1
    package private(set) var fields: [FieldLine] = []
    package private(set) var contentLength = ContentLength.absent
    package private(set) var hasTransferEncoding = false
    /// Chunked is the last transfer coding.
    package private(set) var isChunked = false
    package private(set) var contentCoding = ContentCoding.identity
    package private(set) var hasUpgrade = false
    package private(set) var host = ByteRange.empty
    package private(set) var anomalies = AnomalySet()
    /// Bytes of the head, with its empty line.
    package private(set) var length = 0

    package init() {}

    /// Reads a head that is complete.
    /// - Parameters:
    ///   - bytes: from the start line on.
    ///   - lines: the line feeds, as `HeadScanner` found them.
    /// - Returns: `false` where the first line is no start line of `kind`; the head is then without meaning.
    package mutating func parse(_ bytes: RawSpan, _ lines: HeadScanner, _ kind: Kind) -> Bool {
        reset(kind)
        let feeds = lines.lineFeeds
        guard let first = feeds.first, let last = feeds.last else { return false }
        let startLine = line(bytes, from: 0, feed: Int(first))
        guard kind == .request ? parseRequestLine(bytes, startLine) : parseStatusLine(bytes, startLine) else {
            return false
        }
        length = Int(last) &+ 1
        if lines.hasBareCarriageReturn { anomalies.insert(.bareCarriageReturn) }
        var start = Int(first) &+ 1
        for index in 1..<Swift.max(1, feeds.count) {
            let feed = Int(feeds[index])
            parseFieldLine(bytes, line(bytes, from: start, feed: feed))
            start = feed &+ 1
        }
        for field in fields { interpret(bytes, field) }
        return true
    }

    private mutating func reset(_ kind: Kind) {
        var kept: [FieldLine] = []
        swap(&kept, &fields)
        kept.removeAll(keepingCapacity: true)
        self = HTTPHead()
        fields = kept
        self.kind = kind
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
    private mutating func parseRequestLine(_ bytes: RawSpan, _ line: Range<Int>) -> Bool {
        guard let parts = RequestLine.parse(bytes, line) else { return false }
        method = parts.method
        target = parts.target
        minorVersion = parts.minorVersion
        if parts.isMalformed { anomalies.insert(.startLineMalformed) }
        if parts.isVersionUnknown { anomalies.insert(.versionUnknown) }
        return true
    }

    /// HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112, section 4).
    private mutating func parseStatusLine(_ bytes: RawSpan, _ line: Range<Int>) -> Bool {
        guard let parts = StatusLine.parse(bytes, line) else { return false }
        status = parts.status
        reason = parts.reason
        minorVersion = parts.minorVersion
        if parts.isMalformed { anomalies.insert(.startLineMalformed) }
        if parts.isVersionUnknown { anomalies.insert(.versionUnknown) }
        return true
    }

    // MARK: Field lines

    @inline(__always)
    private mutating func parseFieldLine(_ bytes: RawSpan, _ line: Range<Int>) {
        guard let first = bytes.u8(at: line.lowerBound), !line.isEmpty else { return }
        if first == 0x20 || first == 0x09 { return fold(bytes, line) }
        var colon = line.lowerBound
        while colon < line.upperBound,
            HTTPGrammar.isToken(bytes.unsafeLoad(fromUncheckedByteOffset: colon, as: UInt8.self))
        { colon &+= 1 }
        var nameEnd = colon
        if colon == line.upperBound || bytes.u8(at: colon) != 0x3A {
            guard let found = bytes.firstIndex(of: 0x3A, from: colon), found < line.upperBound else {
                anomalies.insert(.headerMalformed)
                return
            }
            colon = found
            nameEnd = HTTPGrammar.trimmed(bytes, line.lowerBound..<found).upperBound
            anomalies.insert(nameEnd < found ? .headerNameSpace : .headerMalformed)
        }
        if nameEnd == line.lowerBound {
            anomalies.insert(.headerMalformed)
            return
        }
        let value = HTTPGrammar.trimmed(bytes, (colon &+ 1)..<line.upperBound)
        fields.append(
            FieldLine(
                name: ByteRange(line.lowerBound, nameEnd), value: ByteRange(value.lowerBound, value.upperBound),
                isFolded: false))
    }

    /// A line that begins with a blank goes on with the value before it (RFC 9112, section 5.2).
    private mutating func fold(_ bytes: RawSpan, _ line: Range<Int>) {
        anomalies.insert(.foldedHeader)
        guard let last = fields.indices.last else {
            anomalies.insert(.headerMalformed)
            return
        }
        let start = fields[last].value.isEmpty ? line.lowerBound : fields[last].value.range.lowerBound
        let value = HTTPGrammar.trimmed(bytes, start..<line.upperBound)
        guard !value.isEmpty else { return }
        fields[last].value = ByteRange(value.lowerBound, value.upperBound)
        fields[last].isFolded = true
    }

    /// The few fields that decide about framing, coding and naming.
    @inline(__always)
    private mutating func interpret(_ bytes: RawSpan, _ field: FieldLine) {
        let name = field.name.range
        switch name.count {
        case 4 where HTTPGrammar.equal(bytes, name, "host"):
            if host.isEmpty { host = field.value }
        case 7 where HTTPGrammar.equal(bytes, name, "upgrade"):
            hasUpgrade = true
        case 14 where HTTPGrammar.equal(bytes, name, "content-length"):
            interpretContentLength(bytes, field.value.range)
        case 16 where HTTPGrammar.equal(bytes, name, "content-encoding"):
            HTTPGrammar.forEachElement(bytes, field.value.range) { contentCoding.append(ContentCoding(bytes, $0)) }
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
            let semicolon = bytes.firstIndex(of: 0x3B, from: element.lowerBound) ?? element.upperBound
            let coding = HTTPGrammar.trimmed(bytes, element.lowerBound..<Swift.min(semicolon, element.upperBound))
            isChunked = HTTPGrammar.equal(bytes, coding, "chunked")
            if HTTPGrammar.equal(bytes, coding, "gzip") || HTTPGrammar.equal(bytes, coding, "x-gzip") {
                contentCoding.append(.gzip)
            } else if HTTPGrammar.equal(bytes, coding, "deflate") {
                contentCoding.append(.deflate)
            } else if !isChunked, !HTTPGrammar.equal(bytes, coding, "identity") {
                anomalies.insert(.transferEncodingUnknown)
            }
        }
    }
}
