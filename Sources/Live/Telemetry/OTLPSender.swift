import Collector
import Command
import Console
import Dispatch
import Glibc
import Shared
import Synchronization

/// Sends what a capture sees to an endpoint of OpenTelemetry's protocol, from threads of its own.
///
/// The capture hands a copy over every few seconds, and so seldom that it takes but a little of a core. What could not be sent
/// yet waits, up to a number of bytes; beyond it the oldest goes, and is counted. An endpoint that is away is one warning.
final class OTLPSender: Sendable {
    static let option = "--otlp"
    /// Bytes of requests that wait.
    static let mostWaiting = 32 << 20
    /// Spans and connections that are kept from one time to the next.
    static let mostSpans = 200_000

    private let endpoint: OTLPEndpoint
    private let making = DispatchQueue(label: "tapedeck.otlp.making")
    private let sending = DispatchQueue(label: "tapedeck.otlp.sending")
    private let queue = Mutex(OTLPQueue(most: mostWaiting))
    private let progress = Mutex(OTLPProgress())
    private let isMaking = Atomic(false)
    private let isEnding = Atomic(false)
    private let lost = Atomic<UInt64>(0)
    private let notTaken = Mutex(Tally<Summary.TelemetryItem>())
    /// There is something to send, or the capture ends.
    private let came = DispatchSemaphore(value: 0)

    /// For what is left when the capture ends, seconds.
    private static let lastPatience = 5

    init(_ endpoint: OTLPEndpoint) {
        self.endpoint = endpoint
        sending.async { [self] in send() }
    }

    /// Bytes of requests that nobody got.
    var lostBytes: UInt64 { lost.load(ordering: .relaxed) }

    /// What the endpoint has not taken of requests that it took.
    var rejected: Tally<Summary.TelemetryItem> { notTaken.withLock { $0 } }

    /// Hands over how the capture stands, where that is due.
    /// - Parameter now: by the monotonic clock, nanoseconds.
    func show(_ pace: inout CopyPace, now: Int64, _ seen: () -> MetricsServer.Seen) {
        guard pace.isDue(now), !isMaking.load(ordering: .acquiring) else { return }
        let before = Clock.threadProcessor
        let seen = seen()
        take(seen)
        pace.handedOver(now, cost: Clock.threadProcessor &- before)
    }

    private func take(_ seen: MetricsServer.Seen) {
        isMaking.store(true, ordering: .relaxed)
        making.async { [self] in
            let requests = progress.withLock { progress in
                OTLPFile.requests(
                    seen.map, seen.summary, &progress, resource: endpoint.resource, version: ProgramVersion.number)
            }
            queue.withLock { queue in
                for request in requests { queue.add(request) }
                lost.store(queue.lostBytes, ordering: .relaxed)
            }
            isMaking.store(false, ordering: .releasing)
            came.signal()
        }
    }

    /// The capture has ended: sends the last of it, for a few seconds.
    func end(_ seen: MetricsServer.Seen) {
        making.sync {}
        take(seen)
        making.sync {}
        isEnding.store(true, ordering: .releasing)
        came.signal()
        sending.sync {}
        queue.withLock { queue in
            queue.loseAll()
            lost.store(queue.lostBytes, ordering: .relaxed)
        }
    }

    // MARK: Sending

    private func send() {
        var pause = RetryPause()
        var (isAway, isPicky) = (false, false)
        var deadline: Int64?
        while true {
            let isLast = isEnding.load(ordering: .acquiring)
            if isLast, deadline == nil { deadline = Clock.monotonic &+ Int64(Self.lastPatience) * 1_000_000_000 }
            if let deadline, Clock.monotonic > deadline { return }
            guard let request = queue.withLock({ $0.take() }) else {
                if isLast { return }
                came.wait()
                continue
            }
            switch OTLPPost.send(request, to: endpoint, timeout: isLast ? Self.lastPatience * 1000 : .max) {
            case .taken(let answer):
                if isAway { complain(request, "answers again") }
                (pause, isAway) = (RetryPause(), false)
                guard answer.rejected > 0 || !answer.message.isEmpty else { continue }
                let refused = min(answer.rejected, UInt64(request.count))
                notTaken.withLock { $0[request.signal.item] &+= refused }
                if !isPicky { complain(request, answer.text(request.signal)) }
                isPicky = true
            case .refused(let status):
                lose(request)
                if !isAway {
                    complain(request, "HTTP status \(status); what is refused is counted and not sent again")
                }
                isAway = true
            case .away(let reason, let retryAfter):
                keep(request)
                if !isAway {
                    let room = Quantity.bytes(UInt64(Self.mostWaiting))
                    complain(request, "\(reason); \(room) wait for it, beyond which the oldest is lost")
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

    private func lose(_ request: OTLPFile.Request) {
        queue.withLock { queue in
            queue.lose(request)
            lost.store(queue.lostBytes, ordering: .relaxed)
        }
    }

    private func keep(_ request: OTLPFile.Request) {
        queue.withLock { queue in
            queue.putBack(request)
            lost.store(queue.lostBytes, ordering: .relaxed)
        }
    }

    /// Until the time has come, or the capture ends; new requests do not shorten it.
    private func wait(seconds: Int) {
        let end = DispatchTime.now() + .seconds(seconds)
        while !isEnding.load(ordering: .acquiring), came.wait(timeout: end) == .success {}
    }
}
