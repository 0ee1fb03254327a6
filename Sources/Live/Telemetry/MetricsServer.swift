import Console
import Dispatch
import Glibc
import Shared
import Synchronization

/// Answers Prometheus: `GET /metrics` on an address of this machine, from a thread of its own.
///
/// The capture hands a copy of the map over when somebody has asked, and so seldom that it takes but a little of a core; who asks
/// meanwhile gets the last one. A client that is slow, or says nothing, is waited for, and not by the capture.
final class MetricsServer: Sendable {
    static let option = "TAPEDECK_METRICS_LISTEN (--metrics-listen)"

    /// What is known of the capture.
    struct Seen: Sendable {
        var map: ServiceMapDocument
        var summary: Summary
    }

    private let listener: TCPListener
    private let thread = DispatchQueue(label: "tapedeck.metrics")
    /// Clients say what they want and take it there, each on a thread of its own: a slow one keeps nobody waiting.
    private let talking = DispatchQueue(label: "tapedeck.metrics.clients", attributes: .concurrent)
    /// Answers are made there, one after the other.
    private let making = DispatchQueue(label: "tapedeck.metrics.answers")
    /// Clients that are there.
    private let clients = Atomic(0)
    /// The copy before; of the queue that makes answers.
    private let last = Mutex<Seen?>(nil)
    private let next = Mutex<Seen?>(nil)
    /// Somebody waits for a copy.
    private let isWanted = Atomic(false)
    private let isEnding = Atomic(false)
    private let came = DispatchSemaphore(value: 0)

    /// Milliseconds between two looks whether the capture has ended.
    private static let look: Int32 = 100
    /// A copy that does not come is waited for so long, milliseconds: the scrape's own patience is ten seconds by default.
    private static let patience = 5000

    /// - Throws: where nobody can listen there.
    init(_ address: String) throws(Failure) { listener = try TCPListener(address, Self.option) }

    /// Others are sent away.
    private static let mostClients = 16

    /// From now on questions are answered.
    func begin() {
        thread.async { [self] in
            while !isEnding.load(ordering: .relaxed) {
                guard let client = listener.client(within: Self.look) else { continue }
                guard clients.load(ordering: .relaxed) < Self.mostClients else {
                    close(client)
                    continue
                }
                clients.add(1, ordering: .relaxed)
                talking.async { [self] in
                    if let request = HTTPQuestion.read(from: client) {
                        let answer = making.sync { self.answer(request) }
                        answer.send(to: client)
                    }
                    close(client)
                    clients.subtract(1, ordering: .relaxed)
                }
            }
        }
    }

    /// Hands over how the capture stands, where somebody wants to know and it is due.
    /// - Parameter now: by the monotonic clock, nanoseconds.
    func show(_ pace: inout CopyPace, now: Int64, _ seen: () -> Seen) {
        guard isWanted.load(ordering: .acquiring), pace.isDue(now) else { return }
        let before = Clock.threadProcessor
        let seen = seen()
        next.withLock { $0 = seen }
        isWanted.store(false, ordering: .relaxed)
        came.signal()
        pace.handedOver(now, cost: Clock.threadProcessor &- before)
    }

    /// Nobody is answered any more; returns when the last one was.
    func end() {
        isEnding.store(true, ordering: .relaxed)
        came.signal()
        thread.sync {}
        making.sync {}
    }

    // MARK: Answers

    private func answer(_ request: HTTPQuestion) -> HTTPAnswer {
        guard request.method == "GET" else {
            return HTTPAnswer("405 Method Not Allowed", "text/plain", "GET /metrics is answered here\n")
        }
        guard request.path == "/metrics" else {
            return HTTPAnswer("404 Not Found", "text/plain", "metrics are at /metrics\n")
        }
        let seen = last.withLock { last in
            wait(for: &last)
            return last
        }
        guard let seen else {
            return HTTPAnswer("503 Service Unavailable", "text/plain", "the capture is busy; ask again\n")
        }
        let form: MetricsFile.Form = request.accepts("application/openmetrics-text") ? .openmetrics : .prometheus
        let metrics = ObservedMetrics.all(seen.map, seen.summary, .total)
        let text = MetricsFile.text(metrics, form, withTimes: false)
        return HTTPAnswer("200 OK", form.mediaType, text)
    }

    /// Asks the capture for a copy, and takes the last one where none comes.
    private func wait(for last: inout Seen?) {
        // What came too late for the one who had asked.
        while came.wait(timeout: .now()) == .success {}
        if let late = next.withLock({ $0.take() }) { last = late }
        isWanted.store(true, ordering: .releasing)
        _ = came.wait(timeout: .now() + .milliseconds(last == nil ? Self.patience : Self.patience / 10))
        if let fresh = next.withLock({ $0.take() }) { last = fresh }
    }
}
