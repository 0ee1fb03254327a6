import Shared

/// A recorded trace as an input: brings its bytes to the reader, in pieces as large as the reader asks for.
struct TraceFile<Reader: TraceReading>: ~Copyable {
    private var window: ByteWindow
    private(set) var reader = Reader()

    init(_ source: any ByteSource) { window = ByteWindow(source) }

    /// Goes on to the next event, damage, or whatever else there is.
    /// - Parameter take: gets the event and, of a `data` event, the bytes, which are not kept.
    /// - Returns: `false` where the file has ended.
    @inline(__always)
    mutating func next(_ take: (borrowing CapturedEvent, RawSpan) -> Void) throws(TraceError) -> Bool {
        while true {
            switch try reader.next(window.bytes.bytes, isEnd: window.isAtEnd, take) {
            case .taken(let count):
                window.take(count)
                return true
            case .needs(let count): window.fill(count)
            case .end: return false
            }
        }
    }

    /// When the next event is, if a whole frame is next and this form says it in front.
    mutating func nextTime() -> Timestamp? { window.fill(16) ? Reader.time(window.bytes.bytes) : nil }
}

extension CapturedEvent {
    /// The same event of a tape whose connections are numbered from `base` on.
    func renumbered(_ base: UInt64) -> CapturedEvent {
        func moved(_ id: ConnectionID) -> ConnectionID { ConnectionID(id.serial &+ base) }
        func moved(_ at: StreamPosition) -> StreamPosition {
            var at = at
            at.connection = moved(at.connection)
            return at
        }
        var event = self
        switch kind {
        case .open(var opened):
            opened.id = moved(opened.id)
            event.kind = .open(opened)
        case .continued(var continued):
            continued.opened.id = moved(continued.opened.id)
            event.kind = .continued(continued)
        case .data(let at): event.kind = .data(moved(at))
        case .gap(var gap):
            gap.at = moved(gap.at)
            event.kind = .gap(gap)
        case .acknowledged(let at): event.kind = .acknowledged(moved(at))
        case .expected(let at): event.kind = .expected(moved(at))
        case .finished(let at): event.kind = .finished(moved(at))
        case .close(var closed):
            closed.id = moved(closed.id)
            event.kind = .close(closed)
        case .sequenceNumbers(var numbers):
            numbers.connection = moved(numbers.connection)
            event.kind = .sequenceNumbers(numbers)
        case .secret(let secret):
            if let connection = secret.connection { event.kind = .secret(secret.of(moved(connection))) }
        case .process, .exit, .listening, .unixSocket, .datagram, .container, .name, .lost, .tape, .end: break
        }
        return event
    }
}
