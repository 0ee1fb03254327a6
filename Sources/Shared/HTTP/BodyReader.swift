/// Reads the bodies of one direction: undoes the content coding, finds the shape, keeps what the event log shows.
///
/// Bodies that are not large are judged when they are whole, because services say the same things again and again: a body
/// whose very bytes were seen before has the shape that it had then (`Run.bodies`). All others are read as they come.
final class BodyReader {
    private let run: Run
    private let keepsBytes: Bool
    /// The bodies are requests', which may say what they ask for.
    private let asks: Bool
    /// What the last body asks for in words of its own, where it does: of GraphQL the operation.
    private(set) var operation: [UInt8] = []
    private lazy var graphQL = GraphQLRequest()
    private var readsGraphQL = false
    private var codings = ContentCodings()
    /// Most directions never carry a body.
    private lazy var json = JSONContent(run)
    private lazy var form = FormContent(run)
    private lazy var multipart = MultipartContent(run)
    private lazy var xml = XMLContent(run)
    /// What reads this body, as far as it is known.
    private var content: (any ContentReader)?
    private var media = MediaFamily.other
    /// Of a multipart body, what stands between its parts.
    var boundary: [UInt8] = []
    /// In the order in which codings are undone, each with what it gave.
    private var decoders: [(decoder: ContentDecoder, given: UInt64)] = []
    /// Bytes that the first decoder was given.
    private var encodedBytes = 0
    /// The body is waited for as a whole; else it is read as it comes.
    private var waitsForWhole = false
    /// The length of a body that is waited for; `nil` for a chunked one, which says it at its end.
    private var wholeLength: Int?
    /// The bytes of a body that is waited for.
    private var whole = UniqueBytes()
    /// The shape, where it is known without reading.
    private var known: ShapeID?
    /// Of content that goes on for as long as somebody listens: what it consists of.
    private var events: EventStream?

    init(_ run: Run, asks: Bool = false) {
        self.run = run
        // The first versions knew nothing of it.
        self.asks = asks && run.needs.contains(.media)
        keepsBytes = run.needs.contains(.messages)
    }

    /// Bytes that are kept of the body.
    var held: Int { whole.count &+ (events?.held ?? 0) }

    /// Makes ready for the body that follows the head.
    func begin(_ length: BodyLength, _ codings: ContentCodings, _ media: MediaFamily, _ message: inout Message) {
        self.codings = codings
        self.media = run.needs.contains(.media) ? media : .other
        waitsForWhole = false
        wholeLength = nil
        known = nil
        readsGraphQL = false
        if !operation.isEmpty { operation = [] }
        if length == .none { return }
        content = nil
        letGoOfWhole()
        if !codings.isIdentity { message.bodyIsSeparate = true }
        switch length {
        case .bytes(let length) where length <= UInt64(run.bodies.longest):
            waitsForWhole = true
            wholeLength = Int(length)
        case .marked: waitsForWhole = true
        default: break
        }
    }

    /// The content that follows is told of piece by piece, as it comes.
    /// - Parameter opener: the request that it answers.
    func listen(_ kind: EventStream.Kind, _ opener: Carried, stream: UInt32 = 0) {
        // The first versions knew nothing of such pieces.
        guard run.needs.contains(.operations) else { return }
        waitsForWhole = false
        let events = self.events ?? EventStream(run)
        self.events = events
        events.begin(kind, opener, stream: stream)
    }

    private var listener: EventStream? { events.flatMap { $0.isOpen ? $0 : nil } }

    /// Takes bytes of the body as they were before the transfer coding.
    @inline(__always)
    func feed(_ bytes: RawSpan, _ message: inout Message, _ out: any Output) {
        message.contentBytes &+= UInt64(bytes.byteCount)
        guard waitsForWhole else { return read(bytes, scans: true, &message, out) }
        if bytes.byteCount == wholeLength { return readWhole(bytes, &message, out) }
        guard run.hold(bodyBytes: bytes.byteCount) else {
            readHeld(&message, out)
            return read(bytes, scans: true, &message, out)
        }
        run.buffers.lend(to: &whole)
        whole.append(bytes)
        if whole.count == wholeLength {
            whole.withBytes { readWhole($0, &message, out) }
        } else if whole.count > run.bodies.longest {
            readHeld(&message, out)
        }
    }

    /// Bytes of the body are missing: what came before is read, and what follows can't be decoded.
    func gap(_ message: inout Message, _ out: any Output) {
        readHeld(&message, out)
        listener?.gap()
        message.hasGap = true
    }

    /// The body is over, complete or not.
    func finish(_ message: inout Message, _ out: any Output) {
        listener?.end(isWhole: message.isWhole, out)
        guard message.contentBytes > 0 else { return }
        if waitsForWhole, wholeLength == nil, !message.anomalies.contains(.bodyIncomplete) {
            whole.withBytes { readWhole($0, &message, out) }
        } else {
            readHeld(&message, out)
        }
        message.shape = known ?? judge(&message, out)
        for (decoder, _) in decoders { run.giveBack(decoder) }
        if !decoders.isEmpty { decoders.removeAll(keepingCapacity: true) }
        letGoOfWhole()
    }

    /// Forgets a body that was never finished.
    func reset() {
        events?.drop()
        letGoOfWhole()
    }

    private func letGoOfWhole() {
        run.letGo(bodyBytes: whole.count)
        run.buffers.take(from: &whole)
    }

    private func readHeld(_ message: inout Message, _ out: any Output) {
        guard waitsForWhole, known == nil else { return }
        waitsForWhole = false
        whole.withBytes { read($0, scans: true, &message, out) }
    }

    private func readWhole(_ bytes: RawSpan, _ message: inout Message, _ out: any Output) {
        waitsForWhole = false
        if let body = run.bodies.find(bytes), body.codings == codings, body.media == media,
            media != .multipart, !asks || body.operation != nil
        {
            known = body.shape
            if asks, let named = body.operation, !named.isEmpty { operation = named }
            if message.bodyIsSeparate, keepsBytes { read(bytes, scans: false, &message, out) }
            return
        }
        read(bytes, scans: true, &message, out)
        let shape = judge(&message, out)
        known = shape
        if message.anomalies.isEmpty {
            run.bodies.remember(
                bytes,
                KnownBody(
                    codings: codings, media: media, shape: shape, operation: asks ? operation : nil))
        }
    }

    /// - Parameter scans: look for the shape as well; else only keep what the event log shows.
    private func read(_ bytes: RawSpan, scans: Bool, _ message: inout Message, _ out: any Output) {
        if codings.isIdentity || codings.isUnknown {
            // What is named and is none ("none", "UTF-8") was not applied; what else was is no JSON. Behind what is missing
            // nobody knows within what one is.
            if scans, !message.hasGap { scan(bytes) }
            if events != nil { listener?.feed(bytes, message.lastByte, out) }
            if message.bodyIsSeparate, codings.isIdentity { keep(bytes, &message, out) }
            return
        }
        guard !message.hasGap else { return }
        if decoders.isEmpty {
            codings.forEachUndone { coding in
                let decoder = run.takeDecoder()
                decoder.begin(coding)
                decoders.append((decoder, 0))
            }
            encodedBytes = 0
        }
        var at = 0
        while at < bytes.byteCount {
            let room = Self.expansionBlock &- encodedBytes % Self.expansionBlock
            let end = Swift.min(bytes.byteCount, at &+ room)
            let blockEnd = (encodedBytes / Self.expansionBlock &+ 1) &* Self.expansionBlock
            let ceiling = UInt64(Swift.max(run.limits.bodyBytes, blockEnd &* run.limits.expansion))
            decode(bytes.extracting(at..<end), 0, ceiling, scans: scans, &message, out)
            encodedBytes &+= end &- at
            at = end
        }
    }

    /// The ceiling of what a body may become grows in steps of so many of its bytes, so that it does not depend on how the
    /// body was cut.
    private static let expansionBlock = 1024

    /// Undoes a coding of bytes that lie within one block, and those below it of what it gives.
    /// - Returns: whether more is wanted.
    @discardableResult
    private func decode(
        _ bytes: RawSpan, _ level: Int, _ ceiling: UInt64, scans: Bool, _ message: inout Message, _ out: any Output
    ) -> Bool {
        var isWanted = true
        decoders[level].decoder.decode(bytes) { decoded in
            decoders[level].given &+= UInt64(decoded.byteCount)
            guard decoders[level].given <= ceiling else {
                message.anomalies.insert(.contentCodingLimit)
                out.reached(.expansion)
                isWanted = false
                return false
            }
            if level &+ 1 < decoders.count {
                isWanted = decode(decoded, level &+ 1, ceiling, scans: scans, &message, out)
                return isWanted
            }
            if scans { scan(decoded) }
            if events != nil { listener?.feed(decoded, message.lastByte, out) }
            keep(decoded, &message, out)
            return true
        }
        return isWanted && decoders[level].decoder.state != .failed
    }

    private func keep(_ bytes: RawSpan, _ message: inout Message, _ out: any Output) {
        message.decodedBytes &+= UInt64(bytes.byteCount)
        guard keepsBytes else { return }
        run.buffers.lend(to: &message.decoded)
        message.decoded.append(bytes, limit: run.limits.bodyBytes)
    }

    /// The shape of what was read, and what was wrong with its coding.
    private func judge(_ message: inout Message, _ out: any Output) -> ShapeID {
        if codings.isIdentity { return shape(message, out) }
        if codings.isUnknown {
            message.anomalies.insert(.contentCodingUnknown)
            return shape(message, out)
        }
        let isFailed = decoders.contains { $0.decoder.state == .failed }
        let isOpen = decoders.contains { $0.decoder.state == .decoding }
        if isFailed || isOpen && message.decodedBytes == 0 {
            message.anomalies.insert(.contentCodingFailed)
            return isWhole(message) ? .nonJSON : .nonJSON.incomplete
        }
        // The framing was kept, and yet the coding's own end was not reached.
        if isOpen, !message.hasGap { message.anomalies.insert(.bodyIncomplete) }
        return shape(message, out)
    }

    private func shape(_ message: borrowing Message, _ out: any Output) -> ShapeID {
        let shape = reader(nil).end(isWhole: isWhole(message), out)
        if readsGraphQL { operation = graphQL.finish() }
        readsGraphQL = false
        return shape
    }

    // MARK: Readers

    @inline(__always)
    private func scan(_ bytes: RawSpan) {
        if readsGraphQL { graphQL.feed(bytes) }
        if let content { return content.feed(bytes) }
        guard bytes.byteCount > 0 else { return }
        reader(bytes.byte(0)).feed(bytes)
        if readsGraphQL { graphQL.feed(bytes) }
    }

    /// What reads the body.
    /// - Parameter first: its first byte, where it has one.
    private func reader(_ first: UInt8?) -> any ContentReader {
        if let content { return content }
        let reader: any ContentReader
        switch (media, first) {
        // Many clients say of whatever they send that it is a form.
        case (.form, UInt8(ascii: "{")), (.form, UInt8(ascii: "[")): reader = json
        case (.form, UInt8(ascii: "<")), (.xml, _): reader = xml
        case (.form, _): reader = form
        case (.multipart, _):
            multipart.set(boundary)
            reader = multipart
        case (.other, UInt8(ascii: "<")) where run.needs.contains(.media): reader = xml
        case (.other, _), (.page, _), (.jsonLines, _), (.graphQL, _): reader = json
        }
        reader.begin()
        if media == .jsonLines { json.isLines = true }
        content = reader
        readsGraphQL = asks && reader === json
        if readsGraphQL, media == .graphQL { graphQL.mayBeDocument() }
        return reader
    }

    private func isWhole(_ message: borrowing Message) -> Bool {
        !message.hasGap && !message.anomalies.contains(.bodyIncomplete)
    }
}
