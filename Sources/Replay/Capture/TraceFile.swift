import Shared

/// A recorded trace as an input: brings its bytes to the reader, in pieces as large as the reader asks for.
struct TraceFile<Reader: TraceReading>: ~Copyable {
    private let source: any ByteSource
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var isEnd = false
    private(set) var reader = Reader()

    private static var bufferBytes: Int { 256 << 10 }

    init(_ source: any ByteSource) {
        self.source = source
        buffer = .allocate(byteCount: Self.bufferBytes, alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// Goes on to the next event, damage, or whatever else there is.
    /// - Parameter take: gets the event and, of a `data` event, the bytes, which are not kept.
    /// - Returns: `false` where the file has ended.
    @inline(__always)
    mutating func next(_ take: (borrowing CapturedEvent, RawSpan) -> Void) throws(TraceError) -> Bool {
        while true {
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[start..<end])
            switch try reader.next(bytes.bytes, isEnd: isEnd, take) {
            case .taken(let count):
                start += count
                return true
            case .needs(let count): fill(count)
            case .end: return false
            }
        }
    }

    /// Has `count` bytes from `start` on in the buffer, unless the file ends before.
    private mutating func fill(_ count: Int) {
        if start + count > buffer.count { makeRoom(count) }
        while end - start < count, !isEnd {
            let read = source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
            if read == 0 { isEnd = true }
            end += read
        }
    }

    private mutating func makeRoom(_ count: Int) {
        let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[start..<end])
        if count * 2 > buffer.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count * 2, alignment: 16)
            larger.copyMemory(from: rest)
            buffer.deallocate()
            buffer = larger
        } else {
            // The regions may overlap.
            buffer.copyMemory(from: rest)
        }
        end -= start
        start = 0
    }
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
        case .data(let at): event.kind = .data(moved(at))
        case .gap(var gap):
            gap.at = moved(gap.at)
            event.kind = .gap(gap)
        case .acknowledged(let at): event.kind = .acknowledged(moved(at))
        case .finished(let at): event.kind = .finished(moved(at))
        case .close(var closed):
            closed.id = moved(closed.id)
            event.kind = .close(closed)
        case .process, .exit, .listening, .container, .lost: break
        }
        return event
    }
}
