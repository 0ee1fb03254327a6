/// What clients were told by servers of names: for a while an address goes by the name that the client had asked for.
struct Resolutions: ~Copyable {
    private struct Key: Hashable {
        var client: HostNames.Who
        var address: IPAddress
    }

    private struct Answer {
        var name: Party.TextID
        /// The last moment at which it holds.
        var end: Int64
    }

    private var answers: [Key: Answer] = [:]
    private let limit: Int
    /// Answers that found no room.
    private(set) var refused: UInt64 = 0

    /// Seconds for which an answer holds at least: programs keep addresses for longer than they are told to, and connect again
    /// without asking.
    static let least: UInt32 = 300

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { answers.isEmpty }

    /// Takes an answer; the last one counts, since an address may go to another host.
    mutating func add(
        _ name: Party.TextID, _ address: IPAddress, to client: HostNames.Who, seconds: UInt32, at moment: Timestamp
    ) {
        // Blocked names have no address (0.0.0.0, ::).
        guard address.low != 0xFFFF_0000_0000 || address.high != 0, address.high | address.low != 0 else { return }
        let key = Key(client: client, address: address)
        if answers.count >= limit, answers[key] == nil {
            answers = answers.filter { $0.value.end >= moment.nanoseconds }
            guard answers.count < limit else {
                refused &+= 1
                return
            }
        }
        let held = Int64(max(seconds, Self.least)) &* 1_000_000_000
        let end = moment.nanoseconds.addingReportingOverflow(held)
        answers[key] = Answer(name: name, end: end.overflow ? .max : end.partialValue)
    }

    /// What a client knew the address by that it connected to at this moment.
    func name(of address: IPAddress, for client: HostNames.Who, at moment: Timestamp) -> Party.TextID? {
        guard let answer = answers[Key(client: client, address: address)], answer.end >= moment.nanoseconds else {
            return nil
        }
        return answer.name
    }
}
