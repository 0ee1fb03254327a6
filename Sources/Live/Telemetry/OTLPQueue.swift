import Shared

/// Requests that wait to be sent, the oldest first; where they are too many, the oldest go.
///
/// One that is being sent keeps its room: whoever sends it may have to put it back.
struct OTLPQueue: Sendable {
    private var waiting: [OTLPFile.Request] = []
    /// It is being sent.
    private var taken: OTLPFile.Request?
    /// Of all of them.
    private var bytes = 0
    private let most: Int
    /// Bytes of requests that nobody got.
    private(set) var lostBytes: UInt64 = 0

    /// - Parameter most: bytes of all of them.
    init(most: Int) { self.most = most }

    var isEmpty: Bool { waiting.isEmpty && taken == nil }

    /// Nothing has to go for it.
    func hasRoom(for request: OTLPFile.Request) -> Bool { isEmpty || bytes + request.body.count <= most }

    /// The newest stays, however large it is.
    mutating func add(_ request: OTLPFile.Request) {
        waiting.append(request)
        bytes += request.body.count
        while bytes > most, waiting.count > 1 { lose(waiting.removeFirst()) }
    }

    /// The oldest, to be sent; then it is to be `settle`d, lost or put back.
    mutating func take() -> OTLPFile.Request? {
        guard !waiting.isEmpty else { return nil }
        taken = waiting.removeFirst()
        return taken
    }

    /// What was taken has arrived.
    mutating func settle() {
        bytes -= taken?.body.count ?? 0
        taken = nil
    }

    /// What was taken is to be tried again, before all others.
    mutating func putBack() {
        guard let taken else { return }
        waiting.insert(taken, at: 0)
        self.taken = nil
    }

    /// Nobody gets what was taken.
    mutating func loseTaken() {
        if let taken { lose(taken) }
        taken = nil
    }

    mutating func loseAll() {
        loseTaken()
        while !waiting.isEmpty { lose(waiting.removeFirst()) }
    }

    private mutating func lose(_ request: OTLPFile.Request) {
        bytes -= request.body.count
        lostBytes &+= UInt64(request.body.count)
    }
}
