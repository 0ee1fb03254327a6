import Shared

/// Puts the fragments of IP datagrams together (RFC 791, section 3.2; RFC 8200, section 4.5).
///
/// Where fragments overlap, the first copy wins, as it does for TCP; RFC 8200 would have such datagrams discarded,
/// and what a host really did with them isn't in the capture.
struct Fragments {
    /// Datagrams in parts at one time.
    ///
    /// With 64 KiB each this is 16 MiB at most.
    static let datagrams = 256
    /// Parts of one datagram that don't touch each other.
    ///
    /// A datagram of 64 KiB has 45 fragments on Ethernet.
    static let runs = 128
    /// Linux waits 30 s for IPv4, RFC 8200 says 60 s for IPv6.
    static let patienceNanoseconds: Int64 = 60_000_000_000

    /// Fragments that were let go of because others never came.
    private(set) var incomplete: UInt64 = 0
    /// Datagrams that were let go of because there were too many in parts.
    private(set) var evicted: UInt64 = 0

    private struct Key: Hashable {
        var source: IPAddress
        var destination: IPAddress
        var payloadProtocol: UInt8
        var identification: UInt32
        var network: UInt64

        init(_ datagram: Datagram, _ part: Datagram.Fragment, _ network: Network) {
            source = datagram.source
            destination = datagram.destination
            payloadProtocol = datagram.payloadProtocol
            identification = part.identification
            self.network = network.number
        }
    }

    private var partial: [Key: Partial] = [:]
    /// The keys of `partial` in the order in which their first fragments came.
    private var order: [Key] = []

    /// Whether a part of the same datagram waits for the others.
    func isWaiting(_ datagram: Datagram, _ part: Datagram.Fragment, on network: Network) -> Bool {
        partial[Key(datagram, part, network)] != nil
    }

    /// Takes a fragment.
    /// - Parameters:
    ///   - time: the fragment's own.
    ///   - now: the tape's, by which others have waited too long.
    /// - Returns: the datagram's whole payload when this was the last missing part.
    mutating func add(
        _ datagram: Datagram, _ part: Datagram.Fragment, payload: RawSpan, on network: Network, at time: Int64,
        now: Int64
    ) -> [UInt8]? {
        expire(now)
        // One that snaplen cut can't be completed any more.
        guard payload.byteCount == datagram.payloadLength else {
            incomplete &+= 1
            return nil
        }
        let key = Key(datagram, part, network)
        if let waiting = partial[key], time &- waiting.firstSeen > Self.patienceNanoseconds {
            // Another datagram of the same number.
            order.removeAll { $0 == key }
            incomplete &+= waiting.fragments
            partial[key] = nil
        }
        if partial[key] == nil {
            if order.count >= Self.datagrams {
                evicted &+= 1
                forgetOldest()
            }
            order.append(key)
        }
        let isWhole = partial[key, default: Partial(firstSeen: time)].add(part, payload)
        guard isWhole else { return nil }
        order.removeAll { $0 == key }
        return partial.removeValue(forKey: key)?.bytes
    }

    /// The tape has ended: what is still in parts stays so.
    mutating func finish() {
        while !order.isEmpty { forgetOldest() }
    }

    private mutating func expire(_ now: Int64) {
        while let oldest = order.first, let datagram = partial[oldest],
            now &- datagram.firstSeen > Self.patienceNanoseconds
        {
            forgetOldest()
        }
    }

    private mutating func forgetOldest() {
        let key = order.removeFirst()
        incomplete &+= partial.removeValue(forKey: key)?.fragments ?? 0
    }

    /// A datagram in parts.
    private struct Partial {
        var firstSeen: Int64
        var fragments: UInt64 = 0
        var bytes: [UInt8] = []
        /// Where `bytes` holds something, in order, without runs that touch.
        var held: [Range<Int>] = []
        /// The payload's length, once the last fragment was seen.
        var length: Int?

        init(firstSeen: Int64) { self.firstSeen = firstSeen }

        mutating func add(_ part: Datagram.Fragment, _ payload: RawSpan) -> Bool {
            fragments &+= 1
            let new = part.offset..<(part.offset &+ payload.byteCount)
            // Datagrams end at 65,535 bytes: what goes beyond is the "ping of death".
            guard new.upperBound <= 0xFFFF, held.count < Fragments.runs else { return false }
            if part.isLast, length == nil { length = new.upperBound }

            if bytes.count < new.upperBound {
                bytes.append(contentsOf: repeatElement(0, count: new.upperBound &- bytes.count))
            }
            var at = new.lowerBound
            for run in held where run.upperBound > at && run.lowerBound < new.upperBound {
                copy(payload, at..<max(at, run.lowerBound), from: part.offset)
                at = max(at, run.upperBound)
            }
            copy(payload, at..<max(at, new.upperBound), from: part.offset)
            merge(new)

            guard let length, let first = held.first else { return false }
            guard first.lowerBound == 0, first.upperBound >= length else { return false }
            bytes.removeLast(bytes.count &- length)
            return true
        }

        /// Copies what `range` (of the whole) holds out of a fragment that begins at `offset`.
        private mutating func copy(_ payload: RawSpan, _ range: Range<Int>, from offset: Int) {
            for i in range { bytes[i] = payload.byte(i &- offset) }
        }

        private mutating func merge(_ new: Range<Int>) {
            var low = new.lowerBound
            var high = new.upperBound
            guard low < high else { return }
            held.removeAll { run in
                guard run.upperBound >= low, run.lowerBound <= high else { return false }
                low = min(low, run.lowerBound)
                high = max(high, run.upperBound)
                return true
            }
            let place = held.firstIndex { $0.lowerBound > high } ?? held.count
            held.insert(low..<high, at: place)
        }
    }
}
