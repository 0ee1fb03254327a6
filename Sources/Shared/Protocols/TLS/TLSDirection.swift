/// One direction of a TLS connection: under which key its records are, and how many there were.
final class TLSDirection {
    let side: Side
    /// The key of the records that come; `nil`: they are in the clear, or it is not made yet.
    var cipher: TLSRecordCipher?
    var epoch = Epoch.clear
    /// Records under this key.
    var sequence: UInt64 = 0
    /// TLS 1.3: what the key was made from, and the next is.
    var secret: [UInt8] = []
    /// Up to which secret of no known session the first record under this key was tried.
    var tried: UInt64 = 0
    /// Why its records are passed over.
    var closed: TLSClosed?
    /// Since a loss of unknown shape: where the first record began that is missing.
    var lostFrom: UInt64?
    /// A record of which bytes are missing, and more are to come.
    var cut: Cut?
    /// What looked like a record behind a loss, and was none.
    var tries = 0
    /// Records come that are for nobody, until one fits: early data that the server refused, a handshake without its secret.
    var isSkipping = false
    /// Records in a row that no key opened.
    var failures = 0
    /// Handshake messages of which parts are still to come.
    var message = UniqueBytes()

    /// What a direction's records are protected by, one after the other.
    enum Epoch {
        case clear
        /// TLS 1.3's client, before the server has answered.
        case early
        case handshake
        /// All records of TLS 1.2 that are protected at all, too.
        case application
    }

    /// How far a record has come of which bytes are missing.
    struct Cut {
        var sequence: UInt64
        /// Bytes of it that are still to come, or missing.
        var rest: Int
        /// Bytes of what it carries; 0: that is for nobody.
        var content = 0
        /// Of these, how many have passed, with those that protect it behind them.
        var offset = 0
        /// What its nonce has that stands in the record; `nil`: it is not known, and so nothing of what it carries.
        var nonce: [UInt8]?
    }

    init(_ side: Side) { self.side = side }

    func reset() {
        enter(.clear)
        secret = []
        closed = nil
        lostFrom = nil
        cut = nil
        tries = 0
        isSkipping = false
        failures = 0
        message.removeAll(keepingAtMost: 0)
    }

    /// The records that follow are under another key, which is made when the first comes.
    func enter(_ epoch: Epoch) {
        self.epoch = epoch
        cipher = nil
        sequence = 0
        tried = 0
    }
}
