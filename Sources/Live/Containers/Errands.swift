import Dispatch
import Synchronization

/// What a thread has still to do about containers, in order; what is urgent goes before the rest.
final class Errands: Sendable {
    enum Errand: Equatable {
        case inspect(String)
        /// In order with the rest, so that no older answer makes it run again.
        case stopped(String)
    }

    private struct Queue {
        var urgent: [Errand] = []
        var rest: [Errand] = []
    }

    /// Where a runtime does not answer they pile up; the oldest are let go, and the next list makes up for them.
    private static let most = 16_384

    private let queue = Mutex(Queue())
    private let waiting = DispatchSemaphore(value: 0)

    func add(_ errand: Errand) {
        queue.withLock { queue in
            // What is still to be asked for is new enough.
            guard queue.urgent.last != errand else { return }
            queue.urgent.append(errand)
            if queue.urgent.count > Self.most { queue.urgent.removeFirst(Self.most / 4) }
        }
        waiting.signal()
    }

    /// Replaces what is not urgent.
    func addLater(_ errands: [Errand]) {
        queue.withLock { $0.rest = errands.reversed() }
        for _ in errands { waiting.signal() }
    }

    /// Waits for the next.
    func next() -> Errand {
        while true {
            waiting.wait()
            let next = queue.withLock { queue in
                queue.urgent.isEmpty ? queue.rest.popLast() : queue.urgent.removeFirst()
            }
            if let next { return next }
        }
    }
}
