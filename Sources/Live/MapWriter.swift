import Console
import Dispatch
import Shared
import Synchronization

/// Writes the service map on a thread of its own: a wide one takes longer than the ring buffer has room for.
final class MapWriter: Sendable {
    private let map: Mutex<LiveMap>
    private let fields: FieldSet
    private let thread = DispatchQueue(label: "tapedeck.service-map")
    private let isBusy = Atomic(false)
    private let processor = Atomic<Int64>(0)
    private let size = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)

    /// - Throws: where it can't be written, or another profiler writes it.
    init(_ path: String, _ fields: FieldSet) throws(Failure) {
        map = Mutex(try LiveMap(path))
        self.fields = fields
    }

    /// Whether the last one is not written yet.
    var isWriting: Bool { isBusy.load(ordering: .acquiring) }

    /// Processor time that the last one took, nanoseconds.
    var cost: Int64 { processor.load(ordering: .relaxed) }

    /// Bytes of the file.
    var bytes: Int { size.load(ordering: .relaxed) }

    /// Bytes of the last map, if there was no room for it.
    var lostBytes: Int { lost.load(ordering: .relaxed) }

    /// Begins to write; none is being written.
    func write(_ document: ServiceMapDocument) {
        isBusy.store(true, ordering: .relaxed)
        thread.async { [self] in
            let before = Clock.threadProcessor
            let text = ServiceMapFile.yaml(document, fields)
            map.withLock { map in
                map.write(text)
                lost.store(map.lostBytes, ordering: .relaxed)
            }
            if lostBytes == 0 { size.store(text.utf8.count, ordering: .relaxed) }
            processor.store(Clock.threadProcessor &- before, ordering: .relaxed)
            isBusy.store(false, ordering: .releasing)
        }
    }

    /// Returns when all is written.
    func wait() { thread.sync {} }
}

/// How often a map is written, or handed over: as often as is asked for, and so seldom that it takes but a little of a core, however wide it is.
struct MapPace {
    private var written = Int64.min

    /// Nanoseconds.
    private let interval: Int64
    /// The time from one to the next is at least so many times as long as it took: 2 % of a core.
    private static let share: Int64 = 50

    init(every interval: Int64 = 2_000_000_000) { self.interval = interval }

    /// - Parameters:
    ///   - now: by the monotonic clock, nanoseconds.
    ///   - cost: processor time that the last one took, nanoseconds.
    func isDue(_ now: Int64, cost: Int64) -> Bool {
        written == .min || now &- written >= Swift.max(interval, cost &* Self.share)
    }

    mutating func wrote(_ now: Int64) { written = now }
}

/// How often a copy of what was seen is handed to another thread: as `MapPace` by what the last one cost.
struct CopyPace {
    private var pace: MapPace
    private var cost: Int64 = 0
    private var handedOver: Int64 = 0

    /// - Parameter interval: nanoseconds.
    init(every interval: Int64) { pace = MapPace(every: interval) }

    /// - Parameter isPressing: what has gathered finds no more room soon, whatever it costs: once a second it is due then.
    func isDue(_ now: Int64, isPressing: Bool = false) -> Bool {
        pace.isDue(now, cost: cost) || isPressing && now &- handedOver >= 1_000_000_000
    }

    mutating func handedOver(_ now: Int64, cost: Int64) {
        self.cost = cost
        handedOver = now
        pace.wrote(now)
    }
}
