private import CCodecs

/// Writes events down as frames of a trace, into a buffer of its own that the caller drains into a file.
///
/// Nothing is allocated for an event, but for the buffer's growth.
package struct TraceWriter: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes that nobody took yet.
    package private(set) var count = 0
    private var frameStart = 0

    /// Begins a trace: the file's header is the first that can be taken.
    package init(capacity: Int = 256 << 10) {
        self.capacity = max(capacity, TraceFormat.headerLength)
        base = .allocate(byteCount: self.capacity, alignment: 16)
        base.copyMemory(from: TraceFormat.magic.utf8Start, byteCount: TraceFormat.magic.utf8CodeUnitCount)
        count = TraceFormat.magic.utf8CodeUnitCount
        put(TraceFormat.version)
        put(UInt16(TraceFormat.headerLength))
        // Flags: those that a reader may ignore, and those that it must know.
        put(UInt16(0))
        put(UInt16(0))
    }

    deinit { base.deallocate() }

    /// Lends the new bytes of the trace to the sink, and forgets them.
    package mutating func drain(_ body: (RawSpan) -> Void) {
        if count > 0 { body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base, count: count))) }
        count = 0
    }

    // MARK: Events

    /// Appends an event; `payload` holds the bytes of a `data` event or of a `datagram`, and is empty for all others.
    package mutating func write(_ event: borrowing CapturedEvent, payload: RawSpan) {
        let at = event.timestamp
        switch event.kind {
        case .data(let position): data(position, payload, at)
        case .acknowledged(let position): stream(.acknowledged, position, at)
        case .expected(let position): stream(.expected, position, at)
        case .finished(let position): stream(.finished, position, at)
        case .gap(let gap): write(gap, at)
        case .open(let opened): write(opened, at)
        case .continued(let continued): write(continued, at)
        case .close(let closed): write(closed, at)
        case .process(let process): write(process, at)
        case .exit(let key):
            begin(.exit, at)
            put(key)
            end()
        case .listening(let listening): write(listening, at)
        case .container(let fact): write(fact, at)
        case .name(let name):
            begin(.name, at)
            put(Endpoint(name.address, 0), withKind: false)
            text(name.name)
            end()
        case .lost(let loss):
            begin(.lost, at)
            put(loss.reason.traceCode)
            put(loss.count)
            end()
        case .sequenceNumbers(let numbers):
            begin(.sequenceNumbers, at)
            put(numbers.connection.serial)
            put(numbers.local, numbers.remote)
            end()
        case .unixSocket(let socket): write(socket, at)
        case .datagram(let datagram): write(datagram, payload, at)
        case .secret(let secret): write(secret, at)
        case .tape(let origin): write(origin, at)
        case .end:
            begin(.end, at)
            end()
        }
    }

    private mutating func data(_ at: StreamPosition, _ payload: RawSpan, _ time: Timestamp) {
        var position = at
        var start = 0
        repeat {
            let end = min(payload.byteCount, start &+ TraceLimits.payloadBytes)
            begin(.data, time, end &- start)
            put(position)
            put(UInt16(0))
            put(UInt32(truncatingIfNeeded: end &- start))
            put(payload.extracting(start..<end))
            self.end()
            position.position &+= UInt64(end &- start)
            start = end
        } while start < payload.byteCount
    }

    private mutating func stream(_ type: TraceFormat.FrameType, _ position: StreamPosition, _ at: Timestamp) {
        begin(type, at)
        put(position)
        end()
    }

    private mutating func write(_ gap: StreamGap, _ at: Timestamp) {
        begin(.gap, at)
        put(gap.at)
        put(gap.reason.traceCode)
        put(gap.length)
        end()
    }

    private mutating func write(_ opened: ConnectionOpened, _ at: Timestamp) {
        let isUnix = opened.local.kind == .unix || opened.remote.kind == .unix
        begin(isUnix ? .openUnix : .open, at)
        put(opened, withKinds: isUnix)
        end()
    }

    private mutating func write(_ continued: ConnectionContinued, _ at: Timestamp) {
        begin(.continued, at)
        put(continued.sent)
        put(continued.received)
        put(continued.opened, withKinds: true)
        end()
    }

    private mutating func put(_ opened: ConnectionOpened, withKinds: Bool) {
        put(opened.id.serial)
        put(opened.local, withKind: withKinds)
        put(opened.remote, withKind: withKinds)
        put(opened.role.traceCode)
        put((opened.joinedLate ? 1 : 0) | (opened.process != nil ? 2 : 0) as UInt8)
        put(opened.process ?? Self.noProcess)
        // What is not known is left out at the end: a trace of the first version stays what it was when it is written anew.
        let (local, remote) = (opened.localSequenceNumber, opened.remoteSequenceNumber)
        if local != nil || remote != nil { put(local, remote) }
    }

    private mutating func write(_ listening: Listening, _ at: Timestamp) {
        let isUnix = listening.endpoint.kind == .unix
        begin(isUnix ? .listeningUnix : .listening, at)
        put(listening.process)
        put(listening.endpoint, withKind: isUnix)
        if let namespace = listening.networkNamespace { put(namespace.number) }
        end()
    }

    private mutating func write(_ socket: UnixSocket, _ at: Timestamp) {
        begin(.unixSocket, at)
        put(socket.number)
        put((socket.process != nil ? 1 : 0) as UInt8)
        put(socket.process ?? Self.noProcess)
        switch socket.name {
        case .unnamed: block([], form: 0)
        case .path(let bytes): block(bytes, form: 1)
        case .abstract(let bytes): block(bytes, form: 2)
        }
        end()
    }

    private mutating func write(_ datagram: CapturedDatagram, _ payload: RawSpan, _ at: Timestamp) {
        let count = min(payload.byteCount, TraceLimits.payloadBytes)
        var cut = datagram.cut
        if count < payload.byteCount {
            let rest = UInt32(clamping: payload.byteCount &- count &+ Int(cut?.length ?? 0))
            cut = CapturedDatagram.Cut(rest, cut?.reason ?? .captureLimit)
        }
        begin(.datagram, at, count)
        put(datagram.local, withKind: true)
        put(datagram.remote, withKind: true)
        put(datagram.direction.traceCode)
        put((datagram.process != nil ? 1 : 0) | (cut != nil ? 2 : 0) as UInt8)
        put(datagram.process ?? Self.noProcess)
        put(cut?.reason.traceCode ?? 0)
        put(cut?.length ?? 0)
        put(UInt32(truncatingIfNeeded: count))
        put(payload.extracting(0..<count))
        end()
    }

    private mutating func write(_ secret: TLSSecret, _ at: Timestamp) {
        begin(.secret, at)
        let flags: UInt8 =
            (secret.connection != nil ? 1 : 0) | (secret.process != nil ? 2 : 0) | (secret.clientRandom != nil ? 4 : 0)
        put(flags)
        put(secret.connection?.serial ?? 0)
        put(secret.process ?? Self.noProcess)
        text(secret.label)
        block(secret.clientRandom ?? [])
        block(secret.secret)
        end()
    }

    private mutating func write(_ origin: TapeOrigin, _ at: Timestamp) {
        begin(.tape, at)
        put(origin.id.high.byteSwapped)
        put(origin.id.low.byteSwapped)
        put((origin.promisesEnd ? 1 : 0) | (origin.bringsSecrets ? 2 : 0) as UInt8)
        text(origin.writer)
        text(origin.version)
        end()
    }

    private mutating func write(_ closed: ConnectionClosed, _ at: Timestamp) {
        begin(.close, at)
        put(closed.id.serial)
        put(closed.how.traceCode)
        put(closed.error)
        end()
    }

    private mutating func write(_ process: ProcessIdentity, _ at: Timestamp) {
        begin(.process, at)
        put(process.key)
        put((process.profile != nil ? 1 : 0) | (process.profileName != nil ? 2 : 0) as UInt8)
        text(process.comm)
        text(process.commandLine, limit: TraceLimits.blockBytes)
        text(process.profile ?? "")
        text(process.profileName ?? "")
        switch process.environment {
        case .block(let bytes) where bytes.count <= TraceLimits.blockBytes:
            block(bytes, form: 1)
        case .block(let bytes):
            put(UInt8(0))
            text("too large for the trace: \(bytes.count) bytes")
        case .unavailable(let reason):
            put(UInt8(0))
            text(reason)
        }
        if let namespace = process.networkNamespace { put(namespace.number) }
        end()
    }

    private mutating func write(_ fact: ContainerFact, _ at: Timestamp) {
        begin(.container, at)
        switch fact.subject {
        case .process(let key):
            put(UInt8(0))
            put(key)
        case .endpoint(let endpoint):
            put(UInt8(endpoint.kind == .unix ? 2 : 1))
            put(endpoint, withKind: endpoint.kind == .unix)
        }
        text(fact.container?.service ?? "")
        text(fact.container?.image ?? "")
        text(fact.container?.id ?? "")
        text(fact.container?.name ?? "")
        end()
    }

    // MARK: Frames

    /// - Parameter more: bytes of the body beyond its fields of fixed size, which have room.
    @inline(__always)
    private mutating func begin(_ type: TraceFormat.FrameType, _ at: Timestamp, _ more: Int = 0) {
        reserve(256 &+ more)
        frameStart = count
        put(TraceFormat.marker)
        put(type.rawValue)
        put(UInt32(0))
        put(at.nanoseconds)
    }

    /// Fills in the frame's length, and its checksum over type, length and body.
    @inline(__always)
    private mutating func end() {
        reserve(4)
        let length = UInt32(truncatingIfNeeded: count &- frameStart &- TraceFormat.frameHeaderLength)
        base.storeBytes(of: length.littleEndian, toByteOffset: frameStart &+ 4, as: UInt32.self)
        put(TraceChecksum.of(UnsafeRawBufferPointer(start: base + frameStart + 2, count: count &- frameStart &- 2)))
    }

    // MARK: Fields

    @inline(__always)
    private mutating func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        base.storeBytes(of: value.littleEndian, toByteOffset: count, as: T.self)
        count &+= MemoryLayout<T>.size
    }

    @inline(__always)
    private mutating func put(_ at: StreamPosition) {
        put(at.connection.serial)
        put(at.position)
        put(at.layer.traceCode)
        put(at.direction.traceCode)
    }

    /// Sixteen bytes of address in network order, IPv4 as IPv4-mapped, then the port; of a Unix socket the first eight
    /// bytes are the number.
    private mutating func put(_ endpoint: Endpoint, withKind: Bool) {
        if withKind { put((endpoint.kind == .unix ? 1 : 0) as UInt8) }
        put(endpoint.address.high.byteSwapped)
        put(endpoint.address.low.byteSwapped)
        put(endpoint.port)
    }

    /// In the place of a process that is not known.
    private static let noProcess = ProcessKey(pid: 0, startTime: 0)

    private mutating func put(_ local: UInt32?, _ remote: UInt32?) {
        put((local != nil ? 1 : 0) | (remote != nil ? 2 : 0) as UInt8)
        put(local ?? 0)
        put(remote ?? 0)
    }

    private mutating func put(_ key: ProcessKey) {
        put(key.pid)
        put(key.startTime)
    }

    @inline(__always)
    private mutating func put(_ bytes: RawSpan) {
        reserve(bytes.byteCount &+ 64)
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            base.advanced(by: count).copyMemory(from: start, byteCount: source.count)
        }
        count &+= bytes.byteCount
    }

    /// Bytes with their length before them, and what they are before that.
    private mutating func block(_ bytes: [UInt8], form: UInt8) {
        put(form)
        block(bytes)
    }

    private mutating func block(_ bytes: [UInt8]) {
        put(UInt32(truncatingIfNeeded: bytes.count))
        put(bytes.span.bytes)
    }

    /// A text: its length in bytes, then UTF-8, cut before a character where it is too long.
    private mutating func text(_ text: String, limit: Int = TraceLimits.textBytes) {
        var text = text
        text.withUTF8 { bytes in
            var length = min(bytes.count, limit)
            while length > 0, length < bytes.count, bytes[length] & 0xC0 == 0x80 { length &-= 1 }
            reserve(length &+ 64)
            put(UInt32(truncatingIfNeeded: length))
            put(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<length])))
        }
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if capacity &- count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let new = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        new.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = new
        capacity = larger
    }
}

/// CRC-32 as zlib, Ethernet and PNG have it (ISO 3309).
enum TraceChecksum {
    @inline(__always)
    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_z(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
    }
}
