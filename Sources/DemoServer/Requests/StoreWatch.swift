import Console
import Stores
import Synchronization

/// Says once that a store is away, and once that it is back.
final class StoreWatch: Sendable {
    private let isAway = Mutex(false)
    private let meanwhile: String

    /// - Parameter meanwhile: what becomes of the work while the store is away.
    init(meanwhile: String) { self.meanwhile = meanwhile }

    func away(_ error: StoreError) {
        guard isAway.withLock({ exchange(&$0, with: true) }) == false else { return }
        Terminal.complain("warning: \(error); \(meanwhile)")
    }

    func back(_ store: String) {
        guard isAway.withLock({ exchange(&$0, with: false) }) else { return }
        Terminal.complain("\(store): connected again")
    }
}
