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
