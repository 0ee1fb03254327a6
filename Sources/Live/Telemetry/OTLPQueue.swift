import Shared

/// Requests that wait to be sent, the oldest first; where they are too many, the oldest go.
struct OTLPQueue: Sendable {
    private var waiting: [OTLPFile.Request] = []
    private var bytes = 0
    private let most: Int
    /// Bytes of requests that nobody got.
    private(set) var lostBytes: UInt64 = 0

    /// - Parameter most: bytes that wait.
    init(most: Int) { self.most = most }

    var isEmpty: Bool { waiting.isEmpty }

    mutating func add(_ request: OTLPFile.Request) {
        waiting.append(request)
        bytes += request.body.count
        while bytes > most, let oldest = take() { lose(oldest) }
    }

    mutating func take() -> OTLPFile.Request? {
        guard !waiting.isEmpty else { return nil }
        let oldest = waiting.removeFirst()
        bytes -= oldest.body.count
        return oldest
    }

    /// It is to be tried again, before all others.
    mutating func putBack(_ request: OTLPFile.Request) {
        guard bytes + request.body.count <= most else { return lose(request) }
        waiting.insert(request, at: 0)
        bytes += request.body.count
    }

    mutating func lose(_ request: OTLPFile.Request) { lostBytes &+= UInt64(request.body.count) }

    mutating func loseAll() { while let request = take() { lose(request) } }
}
