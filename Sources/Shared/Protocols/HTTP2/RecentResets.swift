/// The streams that one side has ended last, by a reset or by going away (RFC 9113, sections 5.4.2 and 6.8).
///
/// The other side may not know of it yet: what it says meanwhile on such a stream still changes the table of its header blocks, and
/// is no message.
struct RecentResets {
    private var ids: [UInt32] = []
    private var next = 0

    /// As many as are cancelled at once, where all of a connection's streams are.
    private static let most = 256

    mutating func insert(_ id: UInt32) {
        if ids.count < Self.most { ids.append(id) } else { ids[next] = id }
        next = (next &+ 1) % Self.most
    }

    func contains(_ id: UInt32) -> Bool { ids.contains(id) }
}
