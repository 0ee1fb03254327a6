import Console
import Shared

/// Brings pieces to a stream, and tries again where the server is away: later each time, and with one warning.
package struct Delivery {
    private let address: StreamAddress
    /// What the warning begins with: the setting that has the address.
    private let option: String
    /// What the warning says of what was not sent.
    private let meanwhile: String
    private var link: JetStream?
    private var pause = RetryPause()
    private var isAway = false
    /// Bytes that the server acknowledged and has no more: they were deleted from the stream.
    package private(set) var deletedBytes: UInt64 = 0

    package init(_ address: StreamAddress, option: String, meanwhile: String) {
        self.address = address
        self.option = option
        self.meanwhile = meanwhile
    }

    /// Returns when the server has acknowledged the piece, or nobody wants to wait for that any more.
    /// - Parameter wait: waits so many seconds, and says whether to try again.
    /// - Returns: whether it has.
    package mutating func send(_ piece: Piece, wait: (Int) -> Bool) -> Bool {
        while true {
            do throws(StreamFault) {
                try attempt(piece)
                if isAway { Terminal.complain("\(option) \(address): answers again") }
                (pause, isAway) = (RetryPause(), false)
                return true
            } catch {
                link = nil
                if !isAway { Terminal.complain("\(option) \(address): \(error); \(meanwhile)") }
                isAway = true
                guard wait(pause.seconds(nil)) else { return false }
            }
        }
    }

    private mutating func attempt(_ piece: Piece) throws(StreamFault) {
        if link == nil {
            let fresh = try JetStream(address)
            try fresh.makeStream()
            link = fresh
        }
        guard let deleted = try link?.publish(piece), deleted > 0 else { return }
        if deletedBytes == 0 {
            Terminal.complain(
                "\(option) \(address): has deleted what it was sent before, and stores it no second time within its window for duplicates; "
                    + "send it again when that is over (two minutes, unless the stream says otherwise)")
        }
        deletedBytes &+= deleted
    }
}
