/// Reads the messages in one direction of a call (PROTOCOL-HTTP2.md: Length-Prefixed-Message): a byte of flags, the length in four
/// bytes, and the message, over any number of frames.
///
/// gRPC-Web (PROTOCOL-WEB.md) and Connect's streams (connectrpc.com: Protocol reference) have the same, and at the end one more with
/// the status, by a flag of its own.
final class GRPCMessages {
    /// Whose messages they are.
    enum Form: Equatable {
        case grpc, web, connect
        /// gRPC-Web in Base64.
        case webText
    }

    private let run: Run
    /// Messages that have begun, as far as that is known.
    private(set) var count: UInt64 = 0
    /// Of these, such as are compressed, and the lengths of all.
    private(set) var compressed: UInt64 = 0
    private(set) var messageBytes: UInt64 = 0
    /// Bytes were missing where a message begins, or may begin.
    private(set) var isLost = false
    /// What the last message says of how the call ended, as `AnswerStatus` has it.
    private(set) var status: UInt16?
    private var form = Form.grpc
    private var coding = ContentCoding.identity
    private var isJSON = false
    private var place: Int?
    private var left: UInt64 = 0
    /// Of the next prefix.
    private var prefixBytes = 0
    private var flags: UInt8 = 0
    private var length: UInt32 = 0
    /// The message that is read, where it is not too long for its shape to be looked for.
    private var message = UniqueBytes()
    private var isKept = false
    private var shapes: [UInt32] = []
    private var isIncomplete = false
    /// Of Base64, what is less than a group.
    private var group: [UInt8] = []
    private let schemas: ProtoSchemas
    private lazy var content = JSONContent(run)

    init(_ run: Run) {
        self.run = run
        schemas = run.shared { ProtoSchemas() }
    }

    private static let prefixLength = 5
    /// Longer messages have no shape.
    private static let longest = 64 << 10
    /// Different shapes of messages of one call that are told apart.
    private static let mostShapes = 16

    var held: Int { message.count }

    /// - Parameters:
    ///   - coding: of the messages that are compressed.
    ///   - path: of the call.
    func begin(_ form: Form, _ coding: ContentCoding, isJSON: Bool, path: RawSpan, isRequest: Bool) {
        self.form = form
        self.coding = coding
        self.isJSON = isJSON
        let method = schemas.schema?.method(path)
        place = isRequest ? method?.input : method?.output
        count = 0
        compressed = 0
        messageBytes = 0
        isLost = false
        status = nil
        left = 0
        prefixBytes = 0
        message.removeAll()
        isKept = false
        shapes.removeAll(keepingCapacity: true)
        isIncomplete = false
        group.removeAll(keepingCapacity: true)
    }

    func feed(_ bytes: RawSpan, _ out: any Output) {
        guard form == .webText else { return read(bytes, out) }
        for at in 0..<bytes.byteCount {
            group.append(bytes.byte(at))
            guard group.count == 4 else { continue }
            // Padding may stand between messages, too (PROTOCOL-WEB.md).
            let text = group
            if let plain = Base64.decode(text.span.bytes) { read(plain.span.bytes, out) } else { isLost = true }
            group.removeAll(keepingCapacity: true)
        }
    }

    private func read(_ bytes: RawSpan, _ out: any Output) {
        guard !isLost else { return }
        var at = 0
        while at < bytes.byteCount {
            if left > 0 {
                let passed = Int(Swift.min(left, UInt64(bytes.byteCount &- at)))
                if isKept { message.append(bytes.extracting(at..<at &+ passed)) }
                left &-= UInt64(passed)
                at &+= passed
                if left == 0 { isComplete(out) }
                continue
            }
            let byte = bytes.byte(at)
            if prefixBytes == 0 { flags = byte } else { length = length << 8 | UInt32(byte) }
            prefixBytes &+= 1
            at &+= 1
            if prefixBytes == Self.prefixLength { begin(out) }
        }
    }

    private var isTrailer: Bool {
        switch form {
        case .grpc: false
        case .web, .webText: flags & 0x80 != 0
        case .connect: flags & 0x02 != 0
        }
    }

    private func begin(_ out: any Output) {
        if !isTrailer {
            count &+= 1
            messageBytes &+= UInt64(length)
            if flags & 1 != 0 { compressed &+= 1 }
        }
        left = UInt64(length)
        prefixBytes = 0
        length = 0
        message.removeAll(keepingAtMost: 4096)
        isKept = left <= UInt64(Self.longest)
        if !isKept, !isTrailer { isIncomplete = true }
        if left == 0 { isComplete(out) }
    }

    private func isComplete(_ out: any Output) {
        guard isKept else { return }
        isKept = false
        var own = UniqueBytes()
        swap(&own, &message)
        if isTrailer { trailer(own.bytes) } else { look(own.bytes, out) }
        own.removeAll(keepingAtMost: 4096)
        swap(&own, &message)
    }

    // MARK: Shapes

    private func look(_ bytes: RawSpan, _ out: any Output) {
        guard shapes.count < Self.mostShapes else {
            isIncomplete = true
            return
        }
        guard flags & 1 != 0 else { return add(bytes, out) }
        guard coding != .identity, coding != .unknown else {
            isIncomplete = true
            return
        }
        let decoder = run.takeDecoder()
        decoder.begin(coding)
        var plain = UniqueBytes()
        decoder.decode(bytes) {
            plain.append($0)
            return plain.count <= Self.longest
        }
        run.giveBack(decoder)
        if plain.count > Self.longest || decoder.state == .failed { isIncomplete = true } else { add(plain.bytes, out) }
    }

    private func add(_ bytes: RawSpan, _ out: any Output) {
        let shape: ShapeID
        if isJSON {
            content.begin()
            content.feed(bytes)
            shape = content.end(isWhole: true, out)
        } else {
            var reader = ProtobufShape(run, schemas.schema)
            shape = reader.shape(of: bytes, place)
        }
        if !shapes.contains(shape.raw) { shapes.append(shape.raw) }
    }

    /// Of all its messages: of one it is its own, of several that of a list.
    var shape: ShapeID {
        guard count > 0 || isLost else { return .empty }
        let whole: ShapeID
        if shapes.isEmpty {
            whole = .nonJSON
        } else if count == 1 {
            whole = ShapeID(raw: shapes[0])
        } else {
            whole = ShapeID(raw: ProtobufShape(run, nil).array(of: shapes))
        }
        return isIncomplete || isLost || left > 0 ? whole.incomplete : whole
    }

    // MARK: The end

    /// How the call ended, where that stands behind its messages.
    private func trailer(_ bytes: RawSpan) {
        if form == .connect { return end(bytes) }
        var start = 0
        while start < bytes.byteCount {
            let feed = bytes.firstIndex(of: ASCII.lineFeed, from: start) ?? bytes.byteCount
            let line = HTTPGrammar.trimmed(bytes, start..<feed)
            start = feed &+ 1
            guard let colon = bytes.firstIndex(of: 0x3A, in: line),
                HTTPGrammar.equal(bytes, line.lowerBound..<colon, "grpc-status")
            else { continue }
            let value = HTTPGrammar.trimmed(bytes, colon &+ 1..<line.upperBound)
            status = AnswerStatus.number(ofCode: HTTPGrammar.decimal(bytes, value) ?? 2)
        }
    }

    /// Connect: JSON, with the error's code by its name where there was one.
    private func end(_ bytes: RawSpan) {
        var members = JSONMembers()
        members.feed(bytes)
        guard members.has(.error) else {
            status = AnswerStatus.number(ofCode: 0)
            return
        }
        status = members.withValue(of: .code) { AnswerStatus.number(ofCode: $0) } ?? AnswerStatus.number(ofCode: 2)
    }

    func gap(_ missing: UInt64) {
        isIncomplete = true
        isKept = false
        if missing <= left, form != .webText { left &-= missing } else { isLost = true }
    }
}
