/// How the events of a connection's messages start (their type, the process, direction and endpoints), for each sender:
/// written once a connection, copied into each event.
///
/// What it follows from is the connection and the processes, not bytes: a `ByteMemo` has nothing to compare.
final class StartText {
    /// The connection's place on the tape (`Connection.number`).
    private var connection: UInt64 = 0
    private var layer = StreamLayer.wire
    private var local = UniqueBytes()
    private var remote = UniqueBytes()
    /// What was known of the processes then (`Participants.revision`).
    private var revision: UInt64 = 0

    /// Appends the text, if it was written for this connection since the processes were last heard of.
    /// - Parameter isSend: the local side is the sender.
    @inline(__always)
    func append(
        of connection: UInt64, _ layer: StreamLayer, isSend: Bool, _ revision: UInt64, to json: inout JSONWriter
    ) -> Bool {
        guard connection == self.connection, revision == self.revision, layer == self.layer else {
            begin(connection, layer, revision)
            return false
        }
        if isSend ? local.isEmpty : remote.isEmpty { return false }
        if isSend { local.withBytes { json.raw($0) } } else { remote.withBytes { json.raw($0) } }
        return true
    }

    private func begin(_ connection: UInt64, _ layer: StreamLayer, _ revision: UInt64) {
        self.connection = connection
        self.layer = layer
        self.revision = revision
        local.removeAll()
        remote.removeAll()
    }

    func remember(_ text: RawSpan, isSend: Bool) { if isSend { local.append(text) } else { remote.append(text) } }
}
