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
    /// There is something to send, or the capture ends.
    private let came = DispatchSemaphore(value: 0)

    /// Seconds until it is tried again: doubled each time.
    private static let firstPause = 1
    private static let longestPause = 30
    /// For what is left when the capture ends, seconds.
    private static let lastPatience = 5

    init(_ endpoint: OTLPEndpoint) {
        self.endpoint = endpoint
        sending.async { [self] in send() }
    }

    /// Bytes of requests that nobody got.
    var lostBytes: UInt64 { lost.load(ordering: .relaxed) }

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
                    seen.map, seen.summary, &progress, resource: endpoint.resource, ownService: endpoint.ownService,
                    version: ProgramVersion.number)
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
        var pause = Self.firstPause
        var isAway = false
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
            let timeout = isLast ? min(endpoint.timeout, Self.lastPatience * 1000) : endpoint.timeout
            switch OTLPPost.send(
                request.body, to: url(request.signal), headers: endpoint.headers, timeout: timeout,
                isCompressed: endpoint.isCompressed)
            {
            case .taken:
                if isAway { Terminal.complain("--otlp \(url(request.signal)): answers again") }
                (pause, isAway) = (Self.firstPause, false)
            case .refused(let status):
                lose(request)
                if !isAway {
                    Terminal.complain(
                        "--otlp \(url(request.signal)): HTTP status \(status); what is refused is counted and not sent again"
                    )
                }
                isAway = true
            case .away(let reason, let retryAfter):
                keep(request)
                if !isAway {
                    Terminal.complain(
                        "--otlp \(url(request.signal)): \(reason); \(Quantity.bytes(UInt64(Self.mostWaiting))) wait for it, beyond which the oldest is lost"
                    )
                }
                isAway = true
                // A capture that has ended waits for nobody who is away.
                if isLast { return }
                wait(seconds: min(retryAfter ?? pause, Self.longestPause))
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }

    private func url(_ signal: OTLPFile.Signal) -> String {
        switch signal {
        case .metrics: endpoint.metrics
        case .traces: endpoint.traces
        case .logs: endpoint.logs
        }
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
