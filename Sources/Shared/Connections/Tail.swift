/// What one side of a channel has said and the analyzer has not taken yet, and how it goes on from there.
final class Tail {
    /// Not taken yet.
    var bytes = UniqueBytes()
    /// When the first of these came.
    var since = Timestamp(nanoseconds: 0)
    /// When bytes of the side were captured last.
    var heard = Timestamp(nanoseconds: 0)
    /// How many bytes must be there before it is worth asking again.
    var wanted = 0
    /// Bytes that come and that nobody wants to see.
    var skip: UInt64 = 0
    /// The place of the next message is lost; what is passed over is counted as this.
    var lost: UnparsedReason?
    /// How far the search for it has come.
    var search = Search()
    /// Where in the stream the first byte stands that was not taken.
    var position: UInt64 = 0
    /// It is for the other side to say what the bytes are.
    var isHeld = false

    /// More room is not kept for later bytes.
    static let keptBytes = 16 << 10

    func removeAll() {
        bytes.removeAll(keepingAtMost: Self.keptBytes)
        wanted = 0
        skip = 0
        lost = nil
        search = Search()
        isHeld = false
        heard = Timestamp(nanoseconds: 0)
    }

    /// Nothing is said for some time.
    func trim() { bytes.letGoIfEmpty() }

    /// Keeps bytes that were not taken, where nothing else is kept.
    func keep(_ rest: RawSpan, since: Timestamp) {
        bytes.append(rest)
        self.since = since
    }
}
