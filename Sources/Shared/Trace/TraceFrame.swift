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

    /// Where the bytes are that a `datagram` frame carries.
    static func datagramPayload(_ body: RawSpan) -> Range<Int> {
        let count = Int(body.little(UInt32.self, at: TraceFormat.datagramFieldsLength &- 4) ?? 0)
        let start = min(TraceFormat.datagramFieldsLength, body.byteCount)
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
        case .expected: return position(body).map { .expected($0) }
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
        case .data, .acknowledged, .expected, .finished: return nil
        case .open: return opened(body, &fields, withKinds: false).map { .open($0) }
        case .openUnix: return opened(body, &fields, withKinds: true).map { .open($0) }
        case .continued:
            guard let sent = fields.number(UInt64.self, body), let received = fields.number(UInt64.self, body),
                let opened = opened(body, &fields, withKinds: true)
            else { return nil }
            return .continued(ConnectionContinued(opened, sent: sent, received: received))
        case .sequenceNumbers:
            guard let serial = fields.number(UInt64.self, body), let numbers = fields.sequenceNumbers(body) else {
                return nil
            }
            return .sequenceNumbers(
                SequenceNumbers(ConnectionID(serial), local: numbers.local, remote: numbers.remote))
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
        case .listening: return listening(body, &fields, withKind: false).map { .listening($0) }
        case .listeningUnix: return listening(body, &fields, withKind: true).map { .listening($0) }
        case .unixSocket: return unixSocket(body, &fields).map { .unixSocket($0) }
        case .datagram: return datagram(body, &fields).map { .datagram($0) }
        case .secret: return secret(body, &fields).map { .secret($0) }
        case .tape:
            guard let high = fields.number(UInt64.self, body), let low = fields.number(UInt64.self, body),
                let flags = fields.byte(body), let writer = fields.text(body), let version = fields.text(body)
            else { return nil }
            let id = TapeID(high: high.byteSwapped, low: low.byteSwapped)
            return .tape(
                TapeOrigin(
                    id: id, writer: writer, version: version, promisesEnd: flags & 1 != 0, bringsSecrets: flags & 2 != 0
                ))
        case .end: return .end
        case .container: return container(body, &fields).map { .container($0) }
        case .name:
            guard let endpoint = fields.endpoint(body), let name = fields.text(body) else { return nil }
            return AddressName(address: endpoint.address, name: name).map { .name($0) }
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

    private static func opened(_ body: RawSpan, _ fields: inout Fields, withKinds: Bool) -> ConnectionOpened? {
        guard let serial = fields.number(UInt64.self, body), let local = fields.endpoint(body, withKind: withKinds),
            let remote = fields.endpoint(body, withKind: withKinds),
            let role = fields.byte(body).flatMap({ Role(traceCode: $0) }),
            let flags = fields.byte(body), let key = fields.processKey(body)
        else { return nil }
        let numbers = fields.sequenceNumbers(body)
        return ConnectionOpened(
            id: ConnectionID(serial), local: local, remote: remote, role: role, joinedLate: flags & 1 != 0,
            process: flags & 2 != 0 ? key : nil, localSequenceNumber: numbers?.local,
            remoteSequenceNumber: numbers?.remote)
    }

    private static func listening(_ body: RawSpan, _ fields: inout Fields, withKind: Bool) -> Listening? {
        guard let key = fields.processKey(body), let endpoint = fields.endpoint(body, withKind: withKind) else {
            return nil
        }
        return Listening(process: key, endpoint: endpoint, networkNamespace: fields.networkNamespace(body))
    }

    private static func unixSocket(_ body: RawSpan, _ fields: inout Fields) -> UnixSocket? {
        guard let number = fields.number(UInt64.self, body), let flags = fields.byte(body),
            let key = fields.processKey(body), let form = fields.byte(body), let bytes = fields.bytes(body)
        else { return nil }
        let name: UnixSocket.Name
        switch form {
        case 0 where bytes.isEmpty: name = .unnamed
        case 1: name = .path(bytes)
        case 2: name = .abstract(bytes)
        default: return nil
        }
        return UnixSocket(number: number, name: name, process: flags & 1 != 0 ? key : nil)
    }

    private static func datagram(_ body: RawSpan, _ fields: inout Fields) -> CapturedDatagram? {
        guard let local = fields.endpoint(body, withKind: true), let remote = fields.endpoint(body, withKind: true),
            let direction = fields.byte(body).flatMap({ Direction(traceCode: $0) }), let flags = fields.byte(body),
            let key = fields.processKey(body), let reason = fields.byte(body),
            let missing = fields.number(UInt32.self, body),
            let count = fields.number(UInt32.self, body), Int(count) <= body.byteCount &- fields.offset,
            Int(count) <= TraceLimits.payloadBytes
        else { return nil }
        var cut: CapturedDatagram.Cut?
        if flags & 2 != 0 {
            guard let reason = GapReason(traceCode: reason) else { return nil }
            cut = CapturedDatagram.Cut(missing, reason)
        }
        return CapturedDatagram(
            local: local, remote: remote, direction: direction, process: flags & 1 != 0 ? key : nil, cut: cut)
    }

    private static func secret(_ body: RawSpan, _ fields: inout Fields) -> TLSSecret? {
        guard let flags = fields.byte(body), let serial = fields.number(UInt64.self, body),
            let key = fields.processKey(body), let label = fields.text(body), let random = fields.bytes(body),
            let secret = fields.bytes(body)
        else { return nil }
        return TLSSecret(
            label: label, clientRandom: flags & 4 != 0 ? random : nil, secret: secret,
            connection: flags & 1 != 0 ? ConnectionID(serial) : nil, process: flags & 2 != 0 ? key : nil)
    }

    private static func process(_ body: RawSpan, _ fields: inout Fields) -> ProcessIdentity? {
        guard let key = fields.processKey(body), let flags = fields.byte(body), let comm = fields.text(body),
            let commandLine = fields.text(body), let profile = fields.text(body), let name = fields.text(body),
            let hasBlock = fields.byte(body), hasBlock < 2, let block = fields.bytes(body)
        else { return nil }
        return ProcessIdentity(
            key: key, comm: comm, commandLine: commandLine, profile: flags & 1 != 0 ? profile : nil,
            profileName: flags & 2 != 0 ? name : nil,
            environment: hasBlock == 1 ? .block(block) : .unavailable(String(decoding: block, as: UTF8.self)),
            networkNamespace: fields.networkNamespace(body))
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
        case 2:
            guard let endpoint = fields.endpoint(body, withKind: true) else { return nil }
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

        /// - Parameter withKind: it may be a Unix socket. Every endpoint has one form.
        mutating func endpoint(_ body: RawSpan, withKind: Bool = false) -> Endpoint? {
            guard let kind = withKind ? byte(body) : 0, let high = number(UInt64.self, body),
                let low = number(UInt64.self, body), let port = number(UInt16.self, body)
            else { return nil }
            switch kind {
            case 0: return Endpoint(IPAddress(high: high.byteSwapped, low: low.byteSwapped), port)
            case 1 where low == 0 && port == 0: return Endpoint(unix: high.byteSwapped)
            default: return nil
            }
        }

        /// `nil` where the body has none: a writer may leave out what it doesn't know at the end.
        mutating func sequenceNumbers(_ body: RawSpan) -> (local: UInt32?, remote: UInt32?)? {
            guard let flags = byte(body), let local = number(UInt32.self, body), let remote = number(UInt32.self, body)
            else { return nil }
            return (flags & 1 != 0 ? local : nil, flags & 2 != 0 ? remote : nil)
        }

        /// `nil` where the body has none.
        mutating func networkNamespace(_ body: RawSpan) -> NetworkNamespace? {
            number(UInt64.self, body).flatMap { NetworkNamespace($0) }
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
