/// How the events of a connection's messages start (their type, the process, direction and endpoints), for each sender:
/// written once a connection, copied into each event.
package struct StartText: ~Copyable {
    private struct Side: ~Copyable {
        var text = UniqueBytes()
        /// What was known of the processes then (`Participants.revision`).
        var revision: UInt64 = 0
    }

    private var local = Side()
    private var remote = Side()

    package init() {}

    package mutating func removeAll() {
        local.text.removeAll()
        remote.text.removeAll()
    }

    /// Appends the text, if it was written since the processes were last heard of.
    /// - Parameter isSend: the local side is the sender.
    @inline(__always)
    package func append(isSend: Bool, _ revision: UInt64, to json: inout JSONWriter) -> Bool {
        isSend ? Self.append(local, revision, to: &json) : Self.append(remote, revision, to: &json)
    }

    @inline(__always)
    private static func append(_ side: borrowing Side, _ revision: UInt64, to json: inout JSONWriter) -> Bool {
        guard side.revision == revision, !side.text.isEmpty else { return false }
        json.raw(side.text.bytes)
        return true
    }

    package mutating func remember(_ text: RawSpan, isSend: Bool, _ revision: UInt64) {
        if isSend { Self.remember(text, revision, in: &local) } else { Self.remember(text, revision, in: &remote) }
    }

    private static func remember(_ text: RawSpan, _ revision: UInt64, in side: inout Side) {
        side.text.removeAll()
        side.text.append(text)
        side.revision = revision
    }
}
