/// A message that belongs to no stream: UDP's, or a Unix socket's.
///
/// Its bytes are the payload beside the event, as many as were captured; a datagram may have none.
package struct CapturedDatagram: Equatable, Sendable {
    /// The end of the process, or, where the source knows of no processes, of the likelier client.
    package var local: Endpoint
    /// As the local side sees it.
    package var direction: Direction
    /// What of it was not captured; `nil` where all of it was.
    package var cut: Cut?
    package var remote: Endpoint
    /// The profiled process on the local side; `nil` where the source knows of no processes.
    package var process: ProcessKey?

    /// Bytes at a datagram's end that exist and are not on the tape.
    package struct Cut: Equatable, Sendable {
        /// How many; exact.
        package var length: UInt32
        package var reason: GapReason

        package init(_ length: UInt32, _ reason: GapReason) {
            self.length = length
            self.reason = reason
        }
    }

    package init(
        local: Endpoint, remote: Endpoint, direction: Direction, process: ProcessKey? = nil, cut: Cut? = nil
    ) {
        self.local = local
        self.direction = direction
        self.cut = cut
        self.remote = remote
        self.process = process
    }
}
