import Console
import Shared
import Shipping

/// The tape of a capture on its way to a stream, in parts that can each be read alone: where a stream keeps but the last days, the
/// parts that it has are whole.
struct Shipment: ~Copyable {
    /// How much is gathered before it is a piece, if the time doesn't come first.
    private static let gatheredBytes = 256 << 10
    /// And for how long, nanoseconds.
    private static let gatheredTime: Int64 = 1_000_000_000
    /// Bytes of a part.
    private static let partBytes: UInt64 = 64 << 20
    /// Seconds for what is left when the capture ends.
    private static let lastPatience = 5

    private let shipper: Shipper
    private let origin: TapeOrigin
    private let host = ShippedFile.thisHost
    private var writer = TraceWriter(capacity: 2 * gatheredBytes)
    private var file: ShippedFile
    private var position: UInt64 = 0
    private var flushed = Clock.monotonic

    /// - Parameters:
    ///   - origin: as the tape has it.
    ///   - beginning: when the tape begins.
    init(_ settings: LiveSettings.Shipping, _ origin: TapeOrigin, beginning: Timestamp) throws(Failure) {
        let spool = try Spool(settings.spool, most: settings.spoolBytes, option: "--ship-spool")
        shipper = Shipper(settings.address, spool: spool, option: "--ship")
        self.origin = origin
        file = ShippedFile(host: host, tape: origin.id, beginning: beginning)
        writer.write(CapturedEvent(beginning, .tape(origin)), payload: RawSpan())
    }

    /// Bytes that nobody will get.
    var lostBytes: UInt64 { shipper.lostBytes }

    mutating func write(_ event: borrowing CapturedEvent, payload: RawSpan) {
        writer.write(event, payload: payload)
        if writer.count >= Self.gatheredBytes { send() }
    }

    /// Sends what has gathered, where it is time; what a part has no room for begins another.
    /// - Parameters:
    ///   - now: by the monotonic clock, nanoseconds.
    ///   - last: the last event's time.
    ///   - restated: what a part has to say first.
    mutating func flush(now: Int64, last: Timestamp, restated: () -> [CapturedEvent.Kind]) {
        if position >= Self.partBytes { beginPart(last, restated()) }
        guard now &- flushed >= Self.gatheredTime else { return }
        flushed = now
        send()
    }

    private mutating func beginPart(_ at: Timestamp, _ restated: [CapturedEvent.Kind]) {
        writer.write(CapturedEvent(at, .end), payload: RawSpan())
        send()
        writer = TraceWriter(capacity: 2 * Self.gatheredBytes)
        file = ShippedFile(host: host, tape: origin.id, beginning: at)
        position = 0
        writer.write(CapturedEvent(at, .tape(origin)), payload: RawSpan())
        for fact in restated { write(CapturedEvent(at, fact), payload: RawSpan()) }
    }

    private mutating func send() {
        var bytes: [UInt8] = []
        writer.drain { new in bytes = new.withUnsafeBytes { Array($0) } }
        guard !bytes.isEmpty else { return }
        shipper.add(Piece(file, at: position, bytes))
        position &+= UInt64(bytes.count)
    }

    /// The tape has ended: sends the last of it, for some seconds.
    mutating func end() {
        send()
        _ = shipper.end(patience: Self.lastPatience)
    }
}
