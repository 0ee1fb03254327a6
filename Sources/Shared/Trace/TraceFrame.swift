/// Reads the bodies of frames: fields in a fixed order, of which a later version may add more at the end.
enum TraceFrame {
    /// The event of a whole frame; `nil` where the body is too short or a field has a value that means nothing.
    @inline(__always)
    static func event(_ type: TraceFormat.FrameType, _ body: RawSpan) -> CapturedEvent? {
        guard let time = body.little(Int64.self, at: 0), let kind = kind(type, body) else { return nil }
        return CapturedEvent(Timestamp(nanoseconds: time), kind)
    }

    /// Where the bytes are that a `data` frame carries.
    @inline(__always)
    static func payload(_ body: RawSpan) -> Range<Int> {
        let count = Int(body.little(UInt32.self, at: TraceFormat.dataFieldsLength &- 4) ?? 0)
        let start = min(TraceFormat.dataFieldsLength, body.byteCount)
        return start..<min(start &+ count, body.byteCount)
    }

    @inline(__always)
    private static func kind(_ type: TraceFormat.FrameType, _ body: RawSpan) -> CapturedEvent.Kind? {
        switch type {
        case .data:
            guard let count = body.little(UInt32.self, at: TraceFormat.dataFieldsLength &- 4),
                Int(count) <= body.byteCount &- TraceFormat.dataFieldsLength
            else { return nil }
            return position(body).map { .data($0) }
        case .acknowledged: return position(body).map { .acknowledged($0) }
        case .finished: return position(body).map { .finished($0) }
        default:
            var fields = Fields()
            return rare(type, body, &fields)
        }
    }

    @inline(never)
    private static func rare(_ type: TraceFormat.FrameType, _ body: RawSpan, _ fields: inout Fields)
        -> CapturedEvent.Kind?
    {
        switch type {
        case .data, .acknowledged, .finished: return nil
        case .open: return opened(body, &fields).map { .open($0) }
        case .gap:
            fields.offset = 26
            guard let at = position(body), let reason = fields.byte(body).flatMap({ GapReason(traceCode: $0) }),
                let length = fields.number(UInt64.self, body)
            else { return nil }
            return .gap(StreamGap(at: at, length: length, reason: reason))
        case .close:
            guard let serial = fields.number(UInt64.self, body),
                let how = fields.byte(body).flatMap({ ConnectionClosed.How(traceCode: $0) }),
                let error = fields.number(Int32.self, body)
            else { return nil }
            return .close(ConnectionClosed(id: ConnectionID(serial), how: how, error: error))
        case .process: return process(body, &fields).map { .process($0) }
        case .exit: return fields.processKey(body).map { .exit($0) }
        case .listening:
            guard let key = fields.processKey(body), let endpoint = fields.endpoint(body) else { return nil }
            return .listening(Listening(process: key, endpoint: endpoint))
        case .container: return container(body, &fields).map { .container($0) }
        case .lost:
            guard let reason = fields.byte(body).flatMap({ Loss.Reason(traceCode: $0) }),
                let count = fields.number(UInt64.self, body)
            else { return nil }
            return .lost(Loss(reason, count: count))
        }
    }

    /// Connection, position, layer and direction, behind the time.
    @inline(__always)
    private static func position(_ body: RawSpan) -> StreamPosition? {
        guard let serial = body.little(UInt64.self, at: 8), let position = body.little(UInt64.self, at: 16),
            let layerCode = body.u8(at: 24), let directionCode = body.u8(at: 25), layerCode < 2, directionCode < 2
        else { return nil }
        return StreamPosition(
            ConnectionID(serial), directionCode == 0 ? .send : .receive, position,
            layer: layerCode == 0 ? .wire : .plaintext)
    }

    private static func opened(_ body: RawSpan, _ fields: inout Fields) -> ConnectionOpened? {
        guard let serial = fields.number(UInt64.self, body), let local = fields.endpoint(body),
            let remote = fields.endpoint(body), let role = fields.byte(body).flatMap({ Role(traceCode: $0) }),
            let flags = fields.byte(body), let key = fields.processKey(body)
        else { return nil }
        return ConnectionOpened(
            id: ConnectionID(serial), local: local, remote: remote, role: role, joinedLate: flags & 1 != 0,
            process: flags & 2 != 0 ? key : nil)
    }

    private static func process(_ body: RawSpan, _ fields: inout Fields) -> ProcessIdentity? {
        guard let key = fields.processKey(body), let flags = fields.byte(body), let comm = fields.text(body),
            let commandLine = fields.text(body), let profile = fields.text(body), let name = fields.text(body),
            let hasBlock = fields.byte(body), hasBlock < 2, let block = fields.bytes(body)
        else { return nil }
        return ProcessIdentity(
            key: key, comm: comm, commandLine: commandLine, profile: flags & 1 != 0 ? profile : nil,
            profileName: flags & 2 != 0 ? name : nil,
            environment: hasBlock == 1 ? .block(block) : .unavailable(String(decoding: block, as: UTF8.self)))
    }

    private static func container(_ body: RawSpan, _ fields: inout Fields) -> ContainerFact? {
        let subject: ContainerFact.Subject
        switch fields.byte(body) {
        case 0:
            guard let key = fields.processKey(body) else { return nil }
            subject = .process(key)
        case 1:
            guard let endpoint = fields.endpoint(body) else { return nil }
            subject = .endpoint(endpoint)
        default: return nil
        }
        guard let service = fields.text(body), let image = fields.text(body), let id = fields.text(body),
            let name = fields.text(body)
        else { return nil }
        let identity = ContainerIdentity(service: service, image: image, id: id, name: name)
        return ContainerFact(subject: subject, container: id.isEmpty ? nil : identity)
    }

    /// Takes fields off a body, one after another.
    private struct Fields {
        /// Behind the time.
        var offset = 8

        mutating func byte(_ body: RawSpan) -> UInt8? { number(UInt8.self, body) }

        mutating func number<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, _ body: RawSpan) -> T? {
            guard let value = body.little(type, at: offset) else { return nil }
            offset &+= MemoryLayout<T>.size
            return value
        }

        mutating func endpoint(_ body: RawSpan) -> Endpoint? {
            guard let high = number(UInt64.self, body), let low = number(UInt64.self, body),
                let port = number(UInt16.self, body)
            else { return nil }
            return Endpoint(IPAddress(high: high.byteSwapped, low: low.byteSwapped), port)
        }

        mutating func processKey(_ body: RawSpan) -> ProcessKey? {
            guard let pid = number(Int32.self, body), let startTime = number(UInt64.self, body) else { return nil }
            return ProcessKey(pid: pid, startTime: startTime)
        }

        mutating func bytes(_ body: RawSpan) -> [UInt8]? {
            guard let length = number(UInt32.self, body), Int(length) <= body.byteCount &- offset else { return nil }
            let bytes = [UInt8](body.extracting(offset..<(offset &+ Int(length))))
            offset &+= Int(length)
            return bytes
        }

        mutating func text(_ body: RawSpan) -> String? { bytes(body).map { String(decoding: $0, as: UTF8.self) } }
    }
}
