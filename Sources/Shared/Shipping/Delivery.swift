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

    package init(_ address: StreamAddress, option: String, meanwhile: String) {
        self.address = address
        self.option = option
        self.meanwhile = meanwhile
    }

    /// Returns when the stream has the piece, or nobody wants to wait for that any more.
    /// - Parameter wait: waits so many seconds, and says whether to try again.
    /// - Returns: whether the stream has it.
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
        try link?.publish(piece)
    }
}
