/// How a channel reads messages that belong to no stream.
extension Channel {
    /// Begins with what a conversation's first datagram was found to be.
    func begin(datagrams row: ProtocolID, _ evidence: Evidence, _ timestamp: Timestamp) {
        begin(row, .opening)
        report(row, evidence, timestamp)
    }

    /// Shows the analyzer a datagram.
    func datagram(_ bytes: RawSpan, _ datagram: CapturedDatagram, _ timestamp: Timestamp) {
        let missing = UInt64(datagram.cut?.length ?? 0)
        let count = UInt64(bytes.byteCount)
        let side = connection.side(datagram.direction)
        lastHeard = timestamp
        payloadBytes &+= count &+ missing
        account {
            $0.total &+= count &+ missing
            if let cut = datagram.cut { $0.gaps[cut.reason] &+= missing }
        }
        run.steps &+= 1
        analyzer?.datagram(bytes, isWhole: missing == 0, side, timestamp, self)
        took(bytes, side)
    }
}
