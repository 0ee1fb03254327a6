/// Reads a trace back: frames to events, whatever state the file is in.
///
/// It does no I/O: the caller shows it the bytes from where it has got to, and learns from the answer how to go on.
/// Frames that are damaged are counted and the next whole one is looked for; frames of kinds that this version does not
/// know are counted and passed over.
package struct TraceReader: Sendable {
    /// Events that were read.
    package private(set) var events: UInt64 = 0
    /// Places at which a frame or more is damaged.
    package private(set) var damagedFrames: UInt64 = 0
    /// Whole frames of kinds that only later versions know.
    package private(set) var skippedFrames: UInt64 = 0
    /// The file ends inside a frame.
    package private(set) var isTruncated = false
    /// An end mark was promised and has not come yet.
    package var lacksEnd: Bool { promise.isDue }
    /// The time of the last event, if there was one.
    package private(set) var lastTimestamp: Timestamp?

    private var promise = EndPromise()
    private var state = State.header
    /// Bytes of the file that were passed.
    private var passedBytes = 0
    /// Bytes whose checksum was computed, some of them many times: `TraceLimits.checkedBytes` bounds them.
    private(set) var checkedBytes = 0

    private enum State {
        case header
        /// At the beginning of a frame.
        case frames
        /// Somewhere in damage.
        case searching
        /// In what is either a frame that the file's end cut, or damage that looks like the beginning of one.
        case searchingCut
    }

    package init() {}

    /// Reads the next event, if it is there.
    ///
    /// - Parameters:
    ///   - bytes: the file from where the reader has got to, as much of it as is at hand.
    ///   - isEnd: the file ends with these bytes.
    ///   - take: gets the event and, of a `data` event, the bytes; not called where there is none.
    @inline(__always)
    package mutating func next(
        _ bytes: RawSpan, isEnd: Bool, _ take: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(TraceError) -> TraceStep {
        let step =
            switch state {
            case .frames: frame(bytes, isEnd, take)
            case .header: try header(bytes, isEnd)
            case .searching, .searchingCut: search(bytes, isEnd)
            }
        if case .taken(let count) = step { passedBytes &+= count }
        return step
    }

    // MARK: The header

    private mutating func header(_ bytes: RawSpan, _ isEnd: Bool) throws(TraceError) -> TraceStep {
        guard bytes.mayBecome(TraceFormat.magic) else { throw .notATrace }
        guard bytes.byteCount >= TraceFormat.headerLength else {
            return isEnd ? cut(bytes.byteCount) : .needs(TraceFormat.headerLength)
        }
        guard let version = bytes.little(UInt16.self, at: 8), let length = bytes.little(UInt16.self, at: 10),
            let flags = bytes.little(UInt16.self, at: 14), version > 0, Int(length) >= TraceFormat.headerLength
        else { throw .notATrace }
        guard version <= TraceFormat.version else { throw .tooNew(version: UInt64(version)) }
        guard flags == 0 else { throw .unknownFlags(flags) }
        guard bytes.byteCount >= Int(length) else {
            return isEnd ? cut(bytes.byteCount) : .needs(Int(length))
        }
        state = .frames
        return .taken(Int(length))
    }

    private mutating func cut(_ rest: Int) -> TraceStep {
        isTruncated = true
        state = .frames
        return rest > 0 ? .taken(rest) : .end
    }

    // MARK: Frames

    private mutating func frame(
        _ bytes: RawSpan, _ isEnd: Bool, _ take: (borrowing CapturedEvent, RawSpan) -> Void
    ) -> TraceStep {
        guard bytes.byteCount >= TraceFormat.frameOverhead else {
            guard isEnd else { return .needs(TraceFormat.frameOverhead) }
            return bytes.byteCount == 0 ? .end : cut(bytes.byteCount)
        }
        guard let length = Self.frameLength(bytes, at: 0) else {
            damagedFrames &+= 1
            state = .searching
            return search(bytes, isEnd)
        }
        guard bytes.byteCount >= length else {
            guard isEnd else { return .needs(length) }
            state = .searchingCut
            return .taken(1)
        }
        // What lies behind it is asked only where it matters: a frame from a pipe is not to wait for the next one.
        let isFollowerInSight = isEnd || bytes.byteCount >= length &+ 2
        if !mayCheck(length, at: 0) {
            guard isFollowerInSight else { return .needs(length &+ 2) }
            guard Self.isFollowed(bytes, length) else { return damaged(bytes, length) }
        }
        guard isIntact(bytes, at: 0, length) else {
            guard isFollowerInSight else {
                // It is checked once more, and counted once: how the file arrives makes no difference.
                checkedBytes &-= length
                return .needs(length &+ 2)
            }
            return damaged(bytes, length)
        }
        let body = bytes.extracting(TraceFormat.frameHeaderLength..<(length &- 4))
        guard let type = TraceFormat.FrameType(rawValue: bytes.little(UInt16.self, at: 2) ?? 0) else {
            skippedFrames &+= 1
            return .taken(length)
        }
        guard let event = TraceFrame.event(type, body) else {
            damagedFrames &+= 1
            return .taken(length)
        }
        events &+= 1
        lastTimestamp = event.timestamp
        if type == .data {
            take(event, body.extracting(TraceFrame.payload(body)))
        } else if type == .datagram {
            take(event, body.extracting(TraceFrame.datagramPayload(body)))
        } else {
            promise.note(event.kind)
            take(event, RawSpan())
        }
        return .taken(length)
    }

    /// The length of the frame that seems to begin here.
    @inline(__always)
    private static func frameLength(_ bytes: RawSpan, at offset: Int) -> Int? {
        guard bytes.little(UInt16.self, at: offset) == TraceFormat.marker,
            let body = bytes.little(UInt32.self, at: offset &+ 4), Int(body) <= TraceLimits.frameBytes
        else { return nil }
        return Int(body) &+ TraceFormat.frameOverhead
    }

    @inline(__always)
    private mutating func isIntact(_ bytes: RawSpan, at offset: Int, _ length: Int) -> Bool {
        checkedBytes &+= length
        let checked = bytes.extracting((offset &+ 2)..<(offset &+ length &- 4))
        return bytes.little(UInt32.self, at: offset &+ length &- 4)
            == checked.withUnsafeBytes { TraceChecksum.of($0) }
    }

    // MARK: Damage

    /// Whether the checks until now leave room for one of so many bytes, which may be in vain.
    @inline(__always)
    private func mayCheck(_ length: Int, at offset: Int) -> Bool {
        checkedBytes &+ length <= TraceLimits.checkedBytes(ofPassed: passedBytes &+ offset)
    }

    /// Whether the next frame seems to begin behind this one, or the file ends there.
    private static func isFollowed(_ bytes: RawSpan, _ length: Int) -> Bool {
        bytes.byteCount == length || bytes.little(UInt16.self, at: length) == TraceFormat.marker
    }

    /// What begins here is no intact frame, or would cost too much to check.
    @inline(never)
    private mutating func damaged(_ bytes: RawSpan, _ length: Int) -> TraceStep {
        damagedFrames &+= 1
        // Its length may be right all the same: then the next frame begins behind it, and what looks like a frame
        // inside is payload.
        if Self.isFollowed(bytes, length) { return .taken(length) }
        state = .searching
        return .taken(1)
    }

    /// Looks for the next whole frame.
    private mutating func search(_ bytes: RawSpan, _ isEnd: Bool) -> TraceStep {
        var at = 0
        while let found = bytes.firstIndex(of: TraceFormat.markerFirstByte, from: at) {
            at = found &+ 1
            guard bytes.byteCount &- found >= TraceFormat.frameOverhead else {
                if isEnd { break }
                return found > 0 ? .taken(found) : .needs(TraceFormat.frameOverhead)
            }
            guard let length = Self.frameLength(bytes, at: found), mayCheck(length, at: found) else { continue }
            guard bytes.byteCount &- found >= length else {
                if isEnd { continue }
                return found > 0 ? .taken(found) : .needs(length)
            }
            guard isIntact(bytes, at: found, length) else { continue }
            if state == .searchingCut { damagedFrames &+= 1 }
            state = .frames
            return found > 0 ? .taken(found) : frameAgain()
        }
        if isEnd, state == .searchingCut { isTruncated = true }
        if isEnd { state = .frames }
        return bytes.byteCount > 0 ? .taken(bytes.byteCount) : isEnd ? .end : .needs(1)
    }

    /// The frame that was looked for begins right here; it is read with the next call.
    private func frameAgain() -> TraceStep { .needs(TraceFormat.frameOverhead) }
}
