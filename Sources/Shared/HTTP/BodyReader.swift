/// Reads the bodies of one direction: undoes the content coding, finds the shape, keeps what the event log shows.
///
/// Small bodies are judged when they are whole, because services say the same things again and again: a body whose very bytes
/// were seen before has the shape that it had then (`BodyShapes`). All others are read as they come.
package final class BodyReader {
    @exclusivity(unchecked) private var scanner: JSONShapeScanner
    private var decoder: ContentDecoder?
    /// Bytes that the decoder was given.
    private var encodedBytes = 0
    /// The body is waited for as a whole; else it is read as it comes.
    @exclusivity(unchecked) private var waitsForWhole = false
    /// The length of a body that is waited for; `nil` for a chunked one, which says it at its end.
    @exclusivity(unchecked) private var wholeLength: Int?
    /// The bytes of a body that is waited for.
    @exclusivity(unchecked) private var held = UniqueBytes()
    /// The shape, where it is known without reading.
    @exclusivity(unchecked) private var known: ShapeID?

    /// More room for a body is not kept for the next.
    private static let keptCapacity = 16 << 10

    package init(_ limits: Limits) { scanner = JSONShapeScanner(limits: limits) }

    /// Makes ready for the body that follows the head.
    package func begin(_ framing: HTTPFraming, _ message: inout HTTPMessage, _ conversation: HTTPConversation) {
        waitsForWhole = false
        wholeLength = nil
        known = nil
        if framing == .none { return }
        scanner.reset()
        held.removeAll(keepingAtMost: Self.keptCapacity)
        if message.head.contentCoding != .identity { message.bodyIsSeparate = true }
        switch framing {
        case .length(let length) where length <= UInt64(BodyShapes.longestBody):
            waitsForWhole = true
            wholeLength = Int(length)
        case .chunked: waitsForWhole = true
        default: break
        }
    }

    /// Takes bytes of the body as they were before the transfer coding.
    @inline(__always)
    package func feed(_ bytes: RawSpan, _ message: inout HTTPMessage, _ conversation: HTTPConversation) {
        message.contentBytes &+= UInt64(bytes.byteCount)
        guard waitsForWhole else { return read(bytes, scans: true, &message, conversation) }
        if bytes.byteCount == wholeLength { return readWhole(bytes, &message, conversation) }
        held.append(bytes)
        if held.count == wholeLength {
            held.withBytes { readWhole($0, &message, conversation) }
        } else if held.count > BodyShapes.longestBody {
            readHeld(&message, conversation)
        }
    }

    /// Bytes of the body are missing: what came before is read, and what follows can't be decoded.
    package func gap(_ message: inout HTTPMessage, _ conversation: HTTPConversation) {
        readHeld(&message, conversation)
        message.hasGap = true
    }

    /// The body is over, complete or not.
    package func finish(_ message: inout HTTPMessage, _ conversation: HTTPConversation) {
        guard message.contentBytes > 0 else { return }
        if waitsForWhole, wholeLength == nil, !message.anomalies.contains(.bodyIncomplete) {
            held.withBytes { readWhole($0, &message, conversation) }
        } else {
            readHeld(&message, conversation)
        }
        message.shape = known ?? judge(&message, conversation)
        if message.hasGap || message.anomalies.contains(.bodyIncomplete) { message.shape = .nonJSON }
        if let decoder {
            conversation.giveBack(decoder)
            self.decoder = nil
        }
    }

    private func readHeld(_ message: inout HTTPMessage, _ conversation: HTTPConversation) {
        guard waitsForWhole, known == nil else { return }
        waitsForWhole = false
        held.withBytes { read($0, scans: true, &message, conversation) }
    }

    private func readWhole(_ bytes: RawSpan, _ message: inout HTTPMessage, _ conversation: HTTPConversation) {
        waitsForWhole = false
        let coding = message.head.contentCoding
        if let shape = conversation.shapeOfKnownBody(bytes, coding) {
            known = shape
            if message.bodyIsSeparate, conversation.keepsBytes { read(bytes, scans: false, &message, conversation) }
            return
        }
        read(bytes, scans: true, &message, conversation)
        let shape = judge(&message, conversation)
        known = shape
        if message.anomalies.isEmpty { conversation.remember(bytes, coding, shape) }
    }

    /// - Parameter scans: look for the shape as well; else only keep what the event log shows.
    private func read(_ bytes: RawSpan, scans: Bool, _ message: inout HTTPMessage, _ conversation: HTTPConversation) {
        let coding = message.head.contentCoding
        if coding == .identity {
            if scans { conversation.scan(&scanner, bytes) }
            if message.bodyIsSeparate { Self.keep(bytes, &message, conversation) }
            return
        }
        guard coding != .unknown, !message.hasGap else { return }
        if decoder == nil {
            decoder = conversation.takeDecoder()
            decoder?.begin(coding)
            encodedBytes = 0
        }
        var at = 0
        while at < bytes.byteCount {
            let room = Self.expansionBlock &- encodedBytes % Self.expansionBlock
            let end = Swift.min(bytes.byteCount, at &+ room)
            decode(bytes.extracting(at..<end), scans: scans, &message, conversation)
            encodedBytes &+= end &- at
            at = end
        }
    }

    /// The ceiling of what a body may become grows in steps of so many of its bytes, so that it does not depend on how the
    /// body was cut.
    private static let expansionBlock = 1024

    /// Decodes bytes that lie within one block.
    private func decode(_ bytes: RawSpan, scans: Bool, _ message: inout HTTPMessage, _ conversation: HTTPConversation) {
        let blockEnd = (encodedBytes / Self.expansionBlock &+ 1) &* Self.expansionBlock
        let ceiling = Swift.max(conversation.limits.bodyBytes, blockEnd &* conversation.limits.expansion)
        decoder?.decode(bytes) { decoded in
            guard message.decodedBytes &+ UInt64(decoded.byteCount) <= UInt64(ceiling) else {
                message.anomalies.insert(.contentCodingLimit)
                conversation.reached(.expansion)
                return false
            }
            if scans { conversation.scan(&scanner, decoded) }
            Self.keep(decoded, &message, conversation)
            return true
        }
    }

    private static func keep(_ bytes: RawSpan, _ message: inout HTTPMessage, _ conversation: HTTPConversation) {
        message.decodedBytes &+= UInt64(bytes.byteCount)
        guard conversation.keepsBytes else { return }
        message.decoded.append(bytes, limit: conversation.limits.bodyBytes)
    }

    /// The shape of what was read, and what was wrong with its coding.
    private func judge(_ message: inout HTTPMessage, _ conversation: HTTPConversation) -> ShapeID {
        let shape = conversation.finish(&scanner)
        switch message.head.contentCoding {
        case .identity: return shape
        case .unknown:
            message.anomalies.insert(.contentCodingUnknown)
            return .nonJSON
        case .gzip, .deflate, .brotli, .zstd:
            if decoder?.state == .failed || (decoder?.state == .decoding && message.decodedBytes == 0) {
                message.anomalies.insert(.contentCodingFailed)
                return .nonJSON
            }
            // The framing was kept, and yet the coding's own end was not reached.
            if decoder?.state == .decoding, !message.hasGap { message.anomalies.insert(.bodyIncomplete) }
            return shape
        }
    }
}
