/// A question that waits for its answer.
final class DNSLookup: PendingOperation {
    var id: UInt16 = 0
    /// Of the first question's name, type and class, without the case of letters.
    var question: UInt32 = 0
    var side = Side.client
    /// The first question's name, in its text.
    var name = ByteRange.empty
    /// How much of a transfer of a zone has come.
    var transfer: DNSTransfer?
    /// It was answered with a part, and is to be asked again over TCP.
    var isTruncated = false
    /// The attempt that followed, from another port or over TCP: there it is told of.
    var next: DNSLookup?
    /// There was an attempt before it, which may speak of it yet.
    var follows = false
    /// An attempt before it was answered after all, and told of.
    var isOver = false

    override func removeAll() {
        super.removeAll()
        name = .empty
        transfer = nil
        isTruncated = false
        next = nil
        follows = false
        isOver = false
    }
}

/// The answer to a transfer of a zone: messages until the start of authority comes again (RFC 5936, section 2.2; RFC 1995,
/// section 4).
struct DNSTransfer {
    private let isIncremental: Bool
    private var serial: UInt32?
    private var records = 0
    /// How often the first record was seen.
    private var seen = 0
    /// The second record is another start of authority: the zone comes as differences.
    private var hasDifferences = false

    init(isIncremental: Bool) { self.isIncremental = isIncremental }

    /// - Parameter serial: of a start of authority.
    mutating func take(_ serial: UInt32?) {
        records &+= 1
        guard let serial else { return }
        if records == 1 { self.serial = serial }
        if records == 2, isIncremental { hasDifferences = true }
        if serial == self.serial { seen &+= 1 }
    }

    /// No message follows the one whose records were taken last.
    var isComplete: Bool {
        // Nothing, or that nothing is new (RFC 1995, section 2).
        if records == 0 || isIncremental && records == 1 { return true }
        return seen >= (hasDifferences ? 3 : 2)
    }
}

/// What one client has asked one server over UDP and waits for: it asks again from another port, with the same number, and over
/// TCP what did not fit (RFC 7766, section 5).
final class DNSAttempts {
    private var lookups: [DNSLookup] = []
    /// Clients ask again within seconds; what they asked before so many others is forgotten.
    private static let most = 256

    func add(_ lookup: DNSLookup) {
        if lookups.count == Self.most { lookups.removeFirst() }
        lookups.append(lookup)
    }

    func remove(_ lookup: DNSLookup) { lookups.removeAll { $0 === lookup } }

    /// The oldest of this question that was answered in part, and that nobody has gone on with.
    func takeTruncated(_ question: UInt32) -> DNSLookup? { take { $0.isTruncated && $0.question == question } }

    /// The one of this number and question that was not answered.
    func takeUnanswered(_ id: UInt16, _ question: UInt32) -> DNSLookup? {
        take { !$0.isTruncated && $0.id == id && $0.question == question }
    }

    private func take(_ isMeant: (DNSLookup) -> Bool) -> DNSLookup? {
        lookups.firstIndex(where: isMeant).map { lookups.remove(at: $0) }
    }
}
