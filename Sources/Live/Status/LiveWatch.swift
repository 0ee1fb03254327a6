import Console
import Dispatch
import Shared
import Synchronization

/// Somebody watches the map of a capture: it is drawn on a thread of its own, for a terminal may be slow, or stand still.
///
/// The capture hands a copy over as often as it can be drawn, and so seldom that it takes but a little of a core.
final class LiveWatch: Sendable {
    private let next = Mutex<Watch.Seen?>(nil)
    private let failure = Mutex<Failure?>(nil)
    private let thread = DispatchQueue(label: "tapedeck.watch")
    private let isEnding = Atomic(false)
    private let isLeft = Atomic(false)

    /// From now on the terminal is the watcher's.
    func begin() {
        thread.async { [self] in
            let watch = Watch("profiler", MapView.Choice(), of: .capture)
            watch.follow({ self.next.withLock { $0.take() } }, until: { self.isEnding.load(ordering: .relaxed) })
            do throws(Failure) { try watch.leave() } catch { failure.withLock { $0 = error } }
            isLeft.store(true, ordering: .releasing)
        }
    }

    /// Nobody watches any more, and the terminal is as it was.
    var hasLeft: Bool { isLeft.load(ordering: .acquiring) }

    /// What was handed over last is not seen yet.
    private var isBehind: Bool { next.withLock { $0 != nil } }

    /// Hands over how the capture stands, where that is due.
    /// - Parameters:
    ///   - now: by the monotonic clock, nanoseconds.
    ///   - lastEvent: of the capture; another one is news.
    func show(_ pace: inout WatchPace, now: Int64, lastEvent: Timestamp, _ seen: () -> Watch.Seen) {
        guard pace.isDue(now, lastEvent), !isBehind else { return }
        let before = Clock.threadProcessor
        let seen = seen()
        next.withLock { $0 = seen }
        pace.handedOver(now, lastEvent, cost: Clock.threadProcessor &- before)
    }

    /// The capture ends: the watcher leaves within a tenth of a second, if the terminal lets them.
    func end() { isEnding.store(true, ordering: .relaxed) }

    /// Returns when they have left.
    func wait() throws(Failure) {
        thread.sync {}
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}

/// How often a map is handed over to be seen.
struct WatchPace {
    private var last: Timestamp?
    private var map = MapPace(every: 250_000_000)
    /// Without events only the clock has something new.
    private var clock = MapPace(every: 1_000_000_000)
    private var cost: Int64 = 0

    /// - Parameter now: by the monotonic clock, nanoseconds.
    func isDue(_ now: Int64, _ lastEvent: Timestamp) -> Bool {
        (lastEvent == last ? clock : map).isDue(now, cost: cost)
    }

    /// - Parameter cost: processor time that it took, nanoseconds.
    mutating func handedOver(_ now: Int64, _ lastEvent: Timestamp, cost: Int64) {
        (last, self.cost) = (lastEvent, cost)
        map.wrote(now)
        clock.wrote(now)
    }
}
