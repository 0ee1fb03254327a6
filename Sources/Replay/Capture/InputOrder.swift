import Console
import Shared

/// Several inputs in the order of time: each is opened when the tape has come to its first moment, so that of thousands
/// of rotated files only those are open that overlap.
struct InputOrder {
    /// Inputs that are open at one time; below what a process may have open (1,024), and each has a buffer.
    static let openLimit = 128

    private struct Waiting {
        var path: String
        var name: String
        var place: Int
        var first: Timestamp
        /// A pipe can't be opened again.
        var isOpen: RunningInput?
    }

    private let readsAhead: Bool?
    /// Is asked where one has no more bytes whether to wait; those that are still written are followed then.
    private let waitsOn: (() -> Bool)?
    /// Those that have not begun, the next one last.
    private var waiting: [Waiting] = []
    private(set) var running: [RunningInput] = []
    /// Inputs that began later than their time, because as many as may be were open.
    private(set) var late: UInt64 = 0
    /// Whether an input is a trace, or a capture.
    private(set) var hasTraces = false
    private(set) var hasCaptures = false
    private var readBefore: UInt64 = 0
    /// Those that have what another has, and are not read.
    private(set) var copies: [(place: Int, file: CaptureFile)] = []

    /// Looks at the beginning of each input.
    /// - Parameters:
    ///   - names: what the inputs are called, if not by their paths.
    ///   - waitsOn: is asked where one has no more bytes whether to wait; those that are still written are followed then.
    /// - Throws: where one is neither capture nor trace, before anything of the others was read.
    init(
        _ paths: [String], names: [String]? = nil, readsAhead: Bool? = nil, waitsOn: (() -> Bool)? = nil
    ) throws(Failure) {
        self.readsAhead = readsAhead
        self.waitsOn = waitsOn
        var known = InputCopies()
        for (place, path) in paths.enumerated() where !Interruption.isRequested {
            let name = names?[place] ?? path
            // What is still written may go on otherwise.
            let isGrowing = waitsOn != nil && FileWriters.write(path: path)
            if !isGrowing, let original = known.original(of: path, name: name) {
                copies.append((place, CaptureFile(name: name, original: original)))
                continue
            }
            let isFile = Input.isFile(path)
            let input = try Input.open(
                path, name: names?[place], readsAhead: isFile ? false : readsAhead, waitsOn: waitsOn)
            let opened = try RunningInput.open(input, place: place)
            if opened.isTrace { hasTraces = true } else { hasCaptures = true }
            let first = try Self.first(opened, input, isFile: isFile)
            waiting.append(
                Waiting(path: path, name: input.name, place: place, first: first, isOpen: isFile ? nil : opened))
        }
        // The order of the command line decides nothing: a shell puts part 10 before part 2.
        waiting.sort { a, b in
            if a.first != b.first { return a.first > b.first }
            return a.name != b.name ? a.name > b.name : a.place > b.place
        }
    }

    /// The first moment of an input; of a trace it takes an event, and so a file that is opened again.
    private static func first(_ opened: RunningInput, _ input: Input, isFile: Bool) throws(Failure) -> Timestamp {
        guard opened.isTrace, isFile else { return opened.nextTime }
        var first: Timestamp?
        while first == nil, !opened.isEnded {
            try opened.read(
                until: Timestamp(nanoseconds: .min), atMost: 1, packet: { _, _ throws(Failure) in },
                event: { event, _ in first = event.timestamp })
        }
        return first ?? opened.nextTime
    }

    /// Bytes of the files that have been read.
    var filePosition: UInt64 { running.reduce(readBefore) { $0 &+ $1.input.bytes.filePosition } }

    /// The beginning of the input that comes first; of a pipe as much as tells what it is.
    func head() throws(Failure) -> [UInt8] {
        guard let first = waiting.last else { return [] }
        if let opened = first.isOpen { return opened.input.bytes.head }
        return try Input.open(first.path, readsAhead: false, headBytes: TapeOrigin.headBytes).bytes.head
    }

    /// The input that has the earliest item, and until when it is the only one to ask; `nil` where all have ended.
    mutating func next() throws(Failure) -> (input: RunningInput, until: Timestamp)? {
        while let candidate = waiting.last, running.allSatisfy({ $0.nextTime >= candidate.first }) {
            guard running.count < Self.openLimit else { break }
            try begin()
        }
        if running.isEmpty { return nil }
        var earliest = 0
        var until = Timestamp(nanoseconds: .max)
        for at in running.indices.dropFirst() {
            if running[at].nextTime < running[earliest].nextTime {
                until = min(until, running[earliest].nextTime)
                earliest = at
            } else {
                until = min(until, running[at].nextTime)
            }
        }
        if let candidate = waiting.last {
            // Where it has to wait for one to end, it is late.
            if running.count < Self.openLimit { until = min(until, candidate.first) }
        }
        return (running[earliest], until)
    }

    private mutating func begin() throws(Failure) {
        guard let next = waiting.popLast() else { return }
        if let opened = next.isOpen { return running.append(opened) }
        let input = try Input.open(next.path, name: next.name, readsAhead: readsAhead, waitsOn: waitsOn)
        running.append(try RunningInput.open(input, place: next.place))
    }

    /// An input has ended.
    mutating func ended(_ input: RunningInput) {
        readBefore &+= input.input.bytes.filePosition
        running.removeAll { $0 === input }
        // One that waited for it begins now, whatever time it is.
        guard running.count == Self.openLimit - 1, let candidate = waiting.last,
            running.contains(where: { $0.nextTime > candidate.first })
        else { return }
        late &+= 1
    }

    /// Those that were begun and not read to their end.
    mutating func takeRunning() -> [RunningInput] {
        defer { running = [] }
        return running
    }
}
