/// Reads the text form of a trace: JSON lines to events.
///
/// A line that can't be understood is counted and, if it is one of the first, named with what is wrong with it; reading
/// goes on behind it. Fields that are not known are ignored.
package struct TraceTextReader: TraceReading {
    package private(set) var events: UInt64 = 0
    package private(set) var damagedFrames: UInt64 = 0
    package private(set) var skippedFrames: UInt64 = 0
    package private(set) var isTruncated = false
    package var lacksEnd: Bool { promise.isDue }
    package private(set) var lastTimestamp: Timestamp?
    package private(set) var complaints: [String] = []

    private var promise = EndPromise()
    private var line: UInt64 = 0
    private var hasHeader = false
    /// The line's bytes that were already searched for its end.
    private var searched = 0
    /// In a line that is too long to be one.
    private var isPassing = false

    package init() {}

    /// A line has to be read as a whole.
    package static func time(_ bytes: RawSpan) -> Timestamp? { nil }

    /// Whether a file that begins so is a trace in text form.
    package static func isTrace(_ head: RawSpan) -> Bool {
        var at = 0
        func skipBlanks() {
            while let byte = head.u8(at: at), byte == 0x20 || byte == 0x09 { at &+= 1 }
        }
        skipBlanks()
        guard head.u8(at: at) == UInt8(ascii: "{") else { return false }
        at &+= 1
        skipBlanks()
        return head.has("\"tapedeck_trace\"", at: at)
    }

    package mutating func next(
        _ bytes: RawSpan, isEnd: Bool, _ take: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(TraceError) -> TraceStep {
        if let end = bytes.firstIndex(of: ASCII.lineFeed, from: searched) {
            searched = 0
            line &+= 1
            if isPassing {
                isPassing = false
            } else {
                try read(bytes.extracting(0..<end), isWhole: true, take)
            }
            return .taken(end &+ 1)
        }
        if isEnd {
            guard bytes.byteCount > 0 else { return .end }
            searched = 0
            line &+= 1
            if !isPassing { try read(bytes, isWhole: false, take) }
            return .taken(bytes.byteCount)
        }
        if bytes.byteCount >= TraceLimits.lineBytes {
            if !isPassing { complain("longer than \(TraceLimits.lineBytes) bytes", at: line &+ 1) }
            isPassing = true
        }
        if isPassing, bytes.byteCount > 0 {
            searched = 0
            return .taken(bytes.byteCount)
        }
        searched = bytes.byteCount
        return .needs(bytes.byteCount &+ 1)
    }

    /// - Parameter isWhole: the line has an end; otherwise the file may have been cut in it.
    private mutating func read(
        _ text: RawSpan, isWhole: Bool, _ take: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(TraceError) {
        let parsed: JSONLine
        do throws(JSONLine.Failure) {
            if Self.isBlank(text) { return }
            parsed = try JSONLine.parse(text)
        } catch {
            if isWhole {
                if !hasHeader { throw .notATrace }
                complain(error.reason, at: line)
            } else {
                isTruncated = true
            }
            return
        }
        guard hasHeader else { return try header(parsed) }
        do throws(JSONLine.Failure) {
            let fields = try JSONFields(parsed)
            guard let kind = try fields.kind() else {
                skippedFrames &+= 1
                return
            }
            let payload = try fields.payload(of: kind)
            let event = CapturedEvent(try fields.timestamp(), kind)
            events &+= 1
            lastTimestamp = event.timestamp
            promise.note(event.kind)
            take(event, payload.span.bytes)
        } catch {
            complain(error.reason, at: line)
        }
    }

    private mutating func header(_ parsed: JSONLine) throws(TraceError) {
        guard case .object(let members) = parsed, let first = members.first,
            case .number(let version, false) = first.value, version > 0
        else { throw .notATrace }
        guard version <= TraceFormat.version else { throw .tooNew(version: version) }
        hasHeader = true
    }

    private mutating func complain(_ reason: String, at line: UInt64) {
        damagedFrames &+= 1
        if complaints.count < TraceLimits.complaints { complaints.append("line \(line): \(reason)") }
    }

    private static func isBlank(_ text: RawSpan) -> Bool {
        for offset in 0..<text.byteCount {
            guard let byte = text.u8(at: offset), byte == 0x20 || byte == 0x09 || byte == 0x0D else { return false }
        }
        return true
    }
}
