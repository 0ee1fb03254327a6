/// Connections that are not open and of which the tape goes on to tell, until it tells of their close.
///
/// As many are remembered as may be open. If more than that are refused, any that is not known may be one of them; of
/// strays beyond them each event counts as one.
struct AbsentConnections {
    private var causes: [UInt64: Cause] = [:]
    private var hasForgottenRefused = false
    private let limit: Int

    private enum Cause {
        case refused
        case stray
    }

    enum Absence: Equatable {
        /// It found no room in the table.
        case refused
        /// It was never opened, or has closed already: the trace is damaged, or was edited.
        case stray(isNew: Bool)
    }

    /// - Parameter limit: how many are remembered.
    init(limit: Int) { self.limit = limit }

    /// Remembers one that found no room.
    mutating func refuse(_ id: ConnectionID) {
        if !remember(id, .refused) { hasForgottenRefused = true }
    }

    /// Says why a connection of which an event came is not open.
    mutating func absence(of id: ConnectionID) -> Absence {
        switch causes[id.serial] {
        case .refused: return .refused
        case .stray: return .stray(isNew: false)
        case nil:
            if hasForgottenRefused { return .refused }
            _ = remember(id, .stray)
            return .stray(isNew: true)
        }
    }

    /// Forgets one that opens, or closes; costs nothing where none is absent, as in nearly every run.
    mutating func remove(_ id: ConnectionID) {
        if !causes.isEmpty { causes[id.serial] = nil }
    }

    private mutating func remember(_ id: ConnectionID, _ cause: Cause) -> Bool {
        guard causes.count < limit || causes[id.serial] != nil else { return false }
        causes[id.serial] = cause
        return true
    }
}
