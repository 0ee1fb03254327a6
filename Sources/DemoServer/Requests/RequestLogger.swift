import Console
import FoundationEssentials
import Glibc
import Stores

/// Takes requests from NATS and keeps them in Redis, and waits for whichever is away.
struct RequestLogger {
    let natsURL: String
    let store: RequestStore

    /// How long a message is waited for, and how soon an interruption is noticed.
    private static let patience = Duration.milliseconds(100)
    private static let firstDelay = Duration.milliseconds(100)
    private static let longestDelay = Duration.seconds(2)

    func run() throws(Failure) {
        do throws(StoreError) {
            let watch = StoreWatch(meanwhile: "trying again until it is there")
            let nats = try NATSConnection(url: natsURL, name: "request-logger") { change in
                switch change {
                case .connected(let store): watch.back(store)
                case .disconnected(let error): watch.away(error)
                }
            }
            let subscription = try NATSSubscription(nats, subject: RequestRecord.subject)
            try? nats.flush(timeout: .seconds(1))
            try log(subscription, from: nats.store)
        } catch {
            throw Failure("NATS_URL \(error); write nats://HOST:PORT")
        }
    }

    private func log(_ subscription: borrowing NATSSubscription, from source: String) throws(StoreError) {
        let watch = StoreWatch(meanwhile: "trying again until it is there")
        var (strange, lost) = (0, 0)
        retrying(watch) { () throws(StoreError) in try store.connect() }
        Terminal.complain("logging requests from \(source) to \(store.name)")
        while true {
            // What has come before the interruption is still kept.
            guard let message = try subscription.next(timeout: Self.patience) else {
                if Interruption.isRequested { break }
                continue
            }
            guard let record = try? JSONDecoder().decode(RequestRecord.self, from: Data(message)) else {
                strange += 1
                continue
            }
            let json = String(decoding: message, as: UTF8.self)
            if !retrying(watch, { () throws(StoreError) in try store.add(record, json) }) { lost += 1 }
        }
        lost += subscription.dropped
        if strange > 0 { Terminal.complain("warning: \(strange) messages were no requests") }
        if lost > 0 { Terminal.complain("warning: \(lost) requests were lost") }
    }

    /// Tries until it works, with a growing delay, or until the program shall end.
    @discardableResult
    private func retrying(_ watch: StoreWatch, _ attempt: () throws(StoreError) -> Void) -> Bool {
        var delay = Self.firstDelay
        while true {
            do throws(StoreError) {
                try attempt()
                watch.back(store.name)
                return true
            } catch {
                watch.away(error)
            }
            if Interruption.isRequested { return false }
            // A signal cuts it short.
            usleep(UInt32(delay / .microseconds(1)))
            delay = min(delay * 2, Self.longestDelay)
        }
    }
}
