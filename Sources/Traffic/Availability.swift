import Console
import Synchronization

/// Whether something that the traffic needs is there: tried again with a growing delay while it is away, and said once.
///
/// All workers share one.
final class Availability: Sendable {
    private enum State {
        case there
        /// Nobody tries before `next`.
        case away(delay: Duration, next: Duration)
    }

    private let state = Mutex(State.there)
    private let name: String

    private static let firstDelay = Duration.milliseconds(100)
    private static let longestDelay = Duration.seconds(5)

    /// - Parameter name: as people know it: `redis 127.0.0.1:6379`.
    init(_ name: String) { self.name = name }

    /// Whether the caller may try to connect; where it is away, one caller for each delay.
    func mayTry() -> Bool {
        state.withLock { state in
            guard case .away(let delay, let next) = state else { return true }
            let now = Clock.elapsed
            guard now >= next else { return false }
            let longer = min(delay * 2, Self.longestDelay)
            state = .away(delay: longer, next: now + longer)
            return true
        }
    }

    func failed(_ reason: String) {
        let isNew = state.withLock { state in
            guard case .there = state else { return false }
            state = .away(delay: Self.firstDelay, next: Clock.elapsed + Self.firstDelay)
            return true
        }
        if isNew { Terminal.complain("\(name) can't be used: \(reason); trying again") }
    }

    func reached() {
        let wasAway = state.withLock { state in
            guard case .away = state else { return false }
            state = .there
            return true
        }
        if wasAway { Terminal.complain("\(name) can be used") }
    }
}
