import Shared

/// Where credentials lie in the streams of a tape, however their bytes were cut.
///
/// What came in another order than the streams have is not found across the cuts: whoever reads the streams in order finds
/// that it is still there.
final class CredentialPlaces: EventSink {
    /// Bytes of a stream that are to be hidden.
    fileprivate struct Place {
        var start: UInt64
        var end: UInt64
        var isNumber: Bool
    }

    private let patterns: CredentialPatterns
    private var places: [LayeredStream: [Place]] = [:]
    /// The last bytes of each stream, and where they end.
    private var tails: [LayeredStream: (bytes: [UInt8], end: UInt64)] = [:]
    /// How many there are in datagrams and in what is said of processes.
    private(set) var countOutsideStreams = 0

    /// How many there are anywhere.
    var count: Int { places.values.reduce(countOutsideStreams) { $0 + $1.count } }
    /// Where in connections there are any.
    var streams: Set<CredentialFinder.Stream> { Set(places.keys.map(\.direction)) }

    init(_ patterns: CredentialPatterns) { self.patterns = patterns }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        switch event.kind {
        case .data(let at): search(payload, at)
        case .datagram: countOutsideStreams += patterns.places(in: payload).count
        case .process(let process):
            countOutsideStreams += patterns.places(in: Array(process.commandLine.utf8).span.bytes).count
            if case .block(let block) = process.environment {
                countOutsideStreams += patterns.places(in: block.span.bytes).count
            }
        case .close(let closed): for stream in LayeredStream.all(of: closed.id) { tails[stream] = nil }
        default: break
        }
    }

    private func search(_ payload: RawSpan, _ at: StreamPosition) {
        let stream = LayeredStream(at)
        var text: [UInt8] = []
        if let tail = tails[stream], tail.end == at.position { text = tail.bytes }
        let start = at.position &- UInt64(text.count)
        let known = text.count
        text.append(payload)
        for found in patterns.places(in: text.span.bytes) where found.range.upperBound > known {
            let place = Place(
                start: start &+ UInt64(found.range.lowerBound), end: start &+ UInt64(found.range.upperBound),
                isNumber: found.isNumber)
            places[stream, default: []].join(place)
        }
        tails[stream] = (text.suffix(CredentialPatterns.longest - 1), at.position &+ UInt64(payload.byteCount))
    }

    /// No more are looked for: puts them in the order of their streams.
    func finish() {
        tails = [:]
        for (stream, all) in places {
            var joined: [Place] = []
            for place in all.sorted(by: { $0.start < $1.start }) { joined.join(place) }
            places[stream] = joined
        }
    }

    /// The bytes of a stream with what lies in them hidden.
    /// - Returns: `nil` where nothing does.
    func hidden(_ payload: RawSpan, at position: StreamPosition) -> [UInt8]? {
        guard let places = places[LayeredStream(position)] else { return nil }
        let (start, end) = (position.position, position.position &+ UInt64(payload.byteCount))
        var hidden: [UInt8]?
        for place in places[Self.first(in: places, behind: start)...] {
            guard place.start < end else { break }
            guard place.end > start else { continue }
            var bytes = hidden ?? [UInt8](payload)
            for at in Swift.max(place.start, start)..<Swift.min(place.end, end) {
                let index = Int(at &- start)
                bytes[index] = FoundCredential.mask(bytes[index], isNumber: place.isNumber)
            }
            hidden = bytes
        }
        return hidden
    }

    /// The first that does not end before.
    private static func first(in places: [Place], behind start: UInt64) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].end <= start { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension [CredentialPlaces.Place] {
    /// Adds one, to the last where they overlap.
    fileprivate mutating func join(_ place: CredentialPlaces.Place) {
        guard let last, place.start < last.end, place.start >= last.start else { return append(place) }
        self[count - 1].end = Swift.max(last.end, place.end)
        self[count - 1].isNumber = last.isNumber && place.isNumber
    }
}
