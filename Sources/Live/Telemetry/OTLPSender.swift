import Collector
import Command
import Console
import Dispatch
import Glibc
import Shared
import Synchronization

/// Sends what a capture sees to an endpoint of OpenTelemetry's protocol, from threads of its own.
///
/// The capture hands a copy over every few seconds, and so seldom that it takes but a little of a core, unless so much comes that it
/// would find no room. Requests are made of it one after the other, as there is room for them: who takes them gets all. While the
/// endpoint is away they wait, up to a number of bytes; beyond it the oldest goes, and is counted. An endpoint that is away is one warning.
final class OTLPSender: Sendable {
    static let option = "--otlp"
    /// Bytes of requests that wait.
    static let mostWaiting = 32 << 20
    /// Spans and connections that are kept from one time to the next.
    static let mostSpans = 200_000
    /// So many of them are handed over before their time.
    private static let pressingSpans = mostSpans / 4

    private let endpoint: OTLPEndpoint
    private let making = DispatchQueue(label: "tapedeck.otlp.making")
    private let sending = DispatchQueue(label: "tapedeck.otlp.sending")
    private let queue: Mutex<OTLPQueue>
    private let progress = Mutex(OTLPProgress())
    private let isMaking = Atomic(false)
    private let isEnding = Atomic(false)
    /// The endpoint has not taken the last request.
    private let isAway = Atomic(false)
    /// By the monotonic clock, nanoseconds: what is not sent then is lost.
    private let deadline = Atomic(Int64.max)
    private let lost = Atomic<UInt64>(0)
    private let notTaken = Mutex(Tally<Summary.TelemetryItem>())
    /// There is something to send, or the capture ends.
    private let came = DispatchSemaphore(value: 0)
    /// A request has left the queue, or nobody is to wait for that.
    private let left = DispatchSemaphore(value: 0)

    /// For what is left when the capture ends, seconds.
    private static let lastPatience = 5

    /// - Parameter mostWaiting: bytes of requests.
    init(_ endpoint: OTLPEndpoint, mostWaiting: Int = OTLPSender.mostWaiting) {
        self.endpoint = endpoint
        queue = Mutex(OTLPQueue(most: mostWaiting))
        sending.async { [self] in send() }
    }

    /// Bytes of requests that nobody got.
    var lostBytes: UInt64 { lost.load(ordering: .relaxed) }

    /// What the endpoint has not taken of requests that it took.
    var rejected: Tally<Summary.TelemetryItem> { notTaken.withLock { $0 } }

    /// Hands over how the capture stands, where that is due.
    /// - Parameters:
    ///   - now: by the monotonic clock, nanoseconds.
    ///   - waiting: spans and connections that would be handed over.
    func show(_ pace: inout CopyPace, now: Int64, waiting: Int, _ seen: () -> MetricsServer.Seen) {
        guard pace.isDue(now, isPressing: waiting >= Self.pressingSpans), !isMaking.load(ordering: .acquiring) else {
            return
        }
        let before = Clock.threadProcessor
        let seen = seen()
        take(seen)
        pace.handedOver(now, cost: Clock.threadProcessor &- before)
    }

    private func take(_ seen: MetricsServer.Seen) {
        isMaking.store(true, ordering: .relaxed)
        making.async { [self] in
            progress.withLock { progress in
                OTLPFile.requests(
                    seen.map, seen.summary, &progress, resource: endpoint.resource, version: ProgramVersion.number
                ) { add($0) }
            }
            isMaking.store(false, ordering: .releasing)
        }
    }

    /// Adds a request to those that wait, when there is room for it, or the oldest has to go since nobody takes any.
    private func add(_ request: OTLPFile.Request) {
        while true {
            let isAdded = queue.withLock { queue in
                guard queue.hasRoom(for: request) || isAway.load(ordering: .acquiring) || isLate else { return false }
                queue.add(request)
                lost.store(queue.lostBytes, ordering: .relaxed)
                return true
            }
            guard !isAdded else { break }
            // The deadline may come while it waits.
            _ = left.wait(timeout: .now() + .milliseconds(100))
        }
        came.signal()
    }

    private var isLate: Bool { Clock.monotonic > deadline.load(ordering: .relaxed) }

    /// The capture has ended: sends the last of it, for a few seconds.
    func end(_ seen: MetricsServer.Seen) {
        deadline.store(Clock.monotonic &+ Int64(Self.lastPatience) * 1_000_000_000, ordering: .relaxed)
        making.sync {}
        take(seen)
        making.sync {}
        isEnding.store(true, ordering: .releasing)
        came.signal()
        sending.sync {}
        update { $0.loseAll() }
    }

    // MARK: Sending

    private func send() {
        var pause = RetryPause()
        var (isAway, isPicky) = (false, false)
        while true {
            let isLast = isEnding.load(ordering: .acquiring)
            if isLast, isLate { return }
            guard let request = queue.withLock({ $0.take() }) else {
                if isLast { return }
                came.wait()
                continue
            }
            switch OTLPPost.send(request, to: endpoint, timeout: isLast ? Self.lastPatience * 1000 : .max) {
            case .taken(let answer):
                if isAway { complain(request, "answers again") }
                (pause, isAway) = (RetryPause(), false)
                self.isAway.store(false, ordering: .releasing)
                update { $0.settle() }
                guard answer.rejected > 0 || !answer.message.isEmpty else { continue }
                let refused = min(answer.rejected, UInt64(request.count))
                notTaken.withLock { $0[request.signal.item] &+= refused }
                if !isPicky { complain(request, answer.text(request.signal)) }
                isPicky = true
            case .refused(let status):
                update { $0.loseTaken() }
                if !isAway {
                    complain(request, "HTTP status \(status); what is refused is counted and not sent again")
                }
                isAway = true
            case .away(let reason, let retryAfter):
                // Whoever waits for room waits no more.
                self.isAway.store(true, ordering: .releasing)
                update { $0.putBack() }
                if !isAway {
                    let room = Quantity.bytes(UInt64(Self.mostWaiting))
                    complain(
                        request,
                        "\(reason); up to \(room) are kept and sent when it answers, beyond that the oldest is lost")
                }
                isAway = true
                // A capture that has ended waits for nobody who is away.
                if isLast { return }
                wait(seconds: pause.seconds(retryAfter))
            }
        }
    }

    private func complain(_ request: OTLPFile.Request, _ what: String) {
        Terminal.complain("\(Self.option) \(OTLPEndpoint.shown(endpoint.url(request.signal))): \(what)")
    }

    /// What became of the request that was taken.
    private func update(_ change: (inout OTLPQueue) -> Void) {
        queue.withLock { queue in
            change(&queue)
            lost.store(queue.lostBytes, ordering: .relaxed)
        }
        left.signal()
    }

    /// Until the time has come, or the capture ends; new requests do not shorten it.
    private func wait(seconds: Int) {
        let end = DispatchTime.now() + .seconds(seconds)
        while !isEnding.load(ordering: .acquiring), came.wait(timeout: end) == .success {}
    }
}
