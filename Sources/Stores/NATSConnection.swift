internal import CNats
import Synchronization

/// A connection to a NATS server by cnats, which keeps it up: it reconnects for ever, with a growing delay.
///
/// What is published while the server is away waits in a buffer.
package final class NATSConnection: @unchecked Sendable {  // cnats locks its connections.
    package enum Change: Sendable {
        /// Reached, at first or again, and which; it knows of the subscriptions.
        case connected(String)
        /// Not reached at the start, or lost.
        case disconnected(StoreError)
    }

    /// Milliseconds before the first attempt to reconnect; each one after that waits twice as long.
    private static let firstDelay: Int64 = 100
    /// Milliseconds between attempts at most.
    private static let longestDelay: Int64 = 2000

    fileprivate let connection: OpaquePointer
    private let observer: Observer
    /// Which server, without credentials.
    package let store: String

    /// Returns also where no server answers yet.
    ///
    /// - Parameters:
    ///   - url: `nats://HOST:PORT`, with credentials where the server wants them.
    ///   - name: what the server calls this client.
    ///   - onChange: called by a thread of cnats.
    package init(url: String, name: String, onChange: @escaping @Sendable (Change) -> Void) throws(StoreError) {
        let store = "nats \(Self.withoutCredentials(url))"
        var options: OpaquePointer?
        guard natsOptions_Create(&options) == NATS_OK else { throw StoreError(store, "out of memory") }
        defer { natsOptions_Destroy(options) }
        let observer = Observer(store: store, onChange: onChange)
        let closure = Unmanaged.passRetained(observer)
        natsOptions_SetName(options, name)
        natsOptions_SetMaxReconnect(options, -1)
        natsOptions_SetCustomReconnectDelay(
            options, { _, attempts, _ in NATSConnection.delay(before: attempts) }, nil)
        natsOptions_SetDisconnectedCB(options, { Observer.from($1)?.disconnected($0) }, closure.toOpaque())
        natsOptions_SetReconnectedCB(options, { Observer.from($1)?.connected($0) }, closure.toOpaque())
        natsOptions_SetRetryOnFailedConnect(options, true, { Observer.from($1)?.connected($0) }, closure.toOpaque())
        // The last of the callbacks, and always called: gives back what the others were given.
        natsOptions_SetClosedCB(
            options, { _, closure in closure.map { Unmanaged<Observer>.fromOpaque($0).release() } }, closure.toOpaque())
        var connection: OpaquePointer?
        let url = natsOptions_SetURL(options, url)
        let status = url == NATS_OK ? natsConnection_Connect(&connection, options) : url
        guard let connection, status == NATS_OK || status == NATS_NOT_YET_CONNECTED else {
            closure.release()
            throw StoreError(store, Self.text(status))
        }
        self.connection = connection
        self.observer = observer
        self.store = store
        onChange(status == NATS_OK ? .connected(store) : .disconnected(StoreError(store, "no server answers there")))
    }

    deinit {
        observer.stop()
        natsConnection_Destroy(connection)
    }

    /// - Throws: where the buffer for a server that is away is full; the message is lost then.
    package func publish(_ bytes: [UInt8], to subject: String) throws(StoreError) {
        let status = bytes.withUnsafeBytes {
            natsConnection_Publish(connection, subject, $0.baseAddress, Int32($0.count))
        }
        guard status == NATS_OK else { throw StoreError(store, Self.text(status)) }
    }

    /// Returns when the server has got everything that was published.
    package func flush(timeout: Duration) throws(StoreError) {
        let status = natsConnection_FlushTimeout(connection, timeout.milliseconds)
        guard status == NATS_OK else { throw StoreError(store, Self.text(status)) }
    }

    private static func delay(before attempt: Int32) -> Int64 {
        min(firstDelay << Int64(min(max(attempt - 1, 0), 16)), longestDelay)
    }

    fileprivate static func text(_ status: natsStatus) -> String { String(cString: natsStatus_GetText(status)) }

    private static func withoutCredentials(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@") else { return url }
        let scheme = url.firstRange(of: "://").map { String(url[..<$0.upperBound]) } ?? ""
        return scheme + url[url.index(after: at)...]
    }
}

/// Messages on a subject, taken one after the other.
package struct NATSSubscription: ~Copyable {
    private let subscription: OpaquePointer
    // The subscription is one of it.
    private let connection: NATSConnection

    package init(_ connection: NATSConnection, subject: String) throws(StoreError) {
        var subscription: OpaquePointer?
        let status = natsConnection_SubscribeSync(&subscription, connection.connection, subject)
        guard let subscription, status == NATS_OK else {
            throw StoreError(connection.store, NATSConnection.text(status))
        }
        self.subscription = subscription
        self.connection = connection
    }

    deinit { natsSubscription_Destroy(subscription) }

    /// Messages that were not taken while too many waited.
    package var dropped: Int {
        var count: Int64 = 0
        return natsSubscription_GetDropped(subscription, &count) == NATS_OK ? Int(count) : 0
    }

    /// The next message; `nil` where none came in time.
    package borrowing func next(timeout: Duration) throws(StoreError) -> [UInt8]? {
        var message: OpaquePointer?
        let status = natsSubscription_NextMsg(&message, subscription, timeout.milliseconds)
        if status == NATS_TIMEOUT { return nil }
        guard let message, status == NATS_OK else { throw StoreError(connection.store, NATSConnection.text(status)) }
        defer { natsMsg_Destroy(message) }
        let count = Int(natsMsg_GetDataLength(message))
        return Array(UnsafeRawBufferPointer(start: natsMsg_GetData(message), count: count))
    }
}

/// What cnats calls back.
private final class Observer: Sendable {
    private let store: String
    private let onChange: @Sendable (NATSConnection.Change) -> Void
    private let isStopped = Atomic(false)

    init(store: String, onChange: @escaping @Sendable (NATSConnection.Change) -> Void) {
        self.store = store
        self.onChange = onChange
    }

    static func from(_ closure: UnsafeMutableRawPointer?) -> Observer? {
        closure.map { Unmanaged<Observer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// An end that is wanted is nothing to report.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    func connected(_ connection: OpaquePointer?) {
        // cnats calls before its subscriptions have left.
        _ = natsConnection_FlushTimeout(connection, 1000)
        onChange(.connected(store))
    }

    func disconnected(_ connection: OpaquePointer?) {
        guard !isStopped.load(ordering: .relaxed) else { return }
        var text: UnsafePointer<CChar>?
        natsConnection_GetLastError(connection, &text)
        let reason = text.map { String(cString: $0) } ?? ""
        onChange(.disconnected(StoreError(store, reason.isEmpty ? "the server closed the connection" : reason)))
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
