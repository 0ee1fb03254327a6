import Console
import Dispatch
import Glibc
import Shared
import Synchronization

/// Sends pieces from a thread of its own, by way of a spool: whoever records waits for nobody.
package final class Shipper: Sendable {
    private let spool: Spool
    private let sending = DispatchQueue(label: "tapedeck.shipping")
    private let option: String
    private let isEnding = Atomic(false)
    /// When nobody waits any more, by the monotonic clock, nanoseconds; set before `isEnding`.
    private let deadline = Atomic<Int64>(.max)
    private let deleted = Atomic<UInt64>(0)
    /// There is something to send, or it ends.
    private let came = DispatchSemaphore(value: 0)

    /// Begins to send what an earlier run has left.
    /// - Parameter option: the setting that has the address, for messages.
    package init(_ address: StreamAddress, spool: Spool, option: String) {
        self.spool = spool
        self.option = option
        let room = Quantity.bytes(UInt64(spool.most))
        let meanwhile =
            "up to \(room) are kept in \(spool.folder) and sent when it answers, beyond that the oldest is lost"
        sending.async { [self] in
            var delivery = Delivery(address, option: option, meanwhile: meanwhile)
            send(&delivery)
        }
    }

    /// Bytes that nobody will get.
    package var lostBytes: UInt64 { spool.lostBytes }

    /// Bytes that the server has acknowledged and deleted before.
    package var deletedBytes: UInt64 { deleted.load(ordering: .relaxed) }

    package func add(_ piece: Piece) {
        if let complaint = spool.add(piece) { Terminal.complain("\(option): the spool \(complaint)") }
        came.signal()
    }

    /// Nothing more comes: sends what is there, for so long.
    /// - Parameter patience: seconds; a server that is away when they are over, or was before, is waited for no longer.
    /// - Returns: bytes that are left in the spool, for the next start.
    package func end(patience: Int) -> UInt64 {
        deadline.store(Clock.monotonic &+ Int64(patience) &* 1_000_000_000, ordering: .relaxed)
        isEnding.store(true, ordering: .releasing)
        came.signal()
        sending.sync {}
        spool.end()
        let left = spool.waitingBytes
        if left > 0 {
            Terminal.complain(
                "\(option): \(Quantity.bytes(left)) could not be sent, and wait in \(spool.folder) for the next start")
        }
        return left
    }

    private func send(_ delivery: inout Delivery) {
        while !isOver {
            let isLast = isEnding.load(ordering: .acquiring)
            guard let waiting = spool.oldest() else {
                if isLast { return }
                came.wait()
                continue
            }
            guard delivery.send(waiting.piece, wait: { wait(seconds: $0) }) else { return }
            deleted.store(delivery.deletedBytes, ordering: .relaxed)
            spool.sent(waiting)
        }
    }

    private var isOver: Bool {
        isEnding.load(ordering: .acquiring) && Clock.monotonic > deadline.load(ordering: .relaxed)
    }

    /// Until it is time to try again; new pieces do not shorten it, and the end does.
    private func wait(seconds: Int) -> Bool {
        let next = Clock.monotonic &+ Int64(seconds) &* 1_000_000_000
        while true {
            let isLast = isEnding.load(ordering: .acquiring)
            let until = isLast ? min(next, deadline.load(ordering: .relaxed)) : next
            let left = until &- Clock.monotonic
            if left <= 0 { return !isOver }
            let wasWoken = came.wait(timeout: .now() + .nanoseconds(Int(left))) == .success
            // Whoever has ended tries once more at once.
            if wasWoken, isEnding.load(ordering: .acquiring), !isLast { return !isOver }
        }
    }
}
