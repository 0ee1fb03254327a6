/// The containers at a connection's two ends, as far as the tape has told.
///
/// An end that is known stays: when a container's address goes to the next, the connection is still with the one that it
/// was made with.
struct ContainerEnds {
    private(set) var local: KnownContainer?
    private(set) var remote: KnownContainer?
    private var remoteIsProcess = false
    private var generation: UInt64 = 0
    /// Of the connection (`Connection.revision`).
    private var revision: UInt32 = 0

    init() {}

    /// No end is known to be a container.
    var isEmpty: Bool { local == nil && remote == nil }

    /// Looks again where the tape has told of more since the last look.
    /// - Returns: whether more may be known of the ends by now.
    @inline(__always)
    mutating func update(_ connection: Connection, _ participants: borrowing Participants) -> Bool {
        generation == participants.generation && revision == connection.revision
            ? false : look(connection, participants)
    }

    @inline(never)
    private mutating func look(_ connection: Connection, _ participants: borrowing Participants) -> Bool {
        generation = participants.generation
        revision = connection.revision
        let opened = connection.opened
        let isClient = connection.localIsClient
        if local == nil {
            local =
                participants.container(of: opened.process)
                ?? (opened.process == nil && !isClient
                    ? participants.container(at: opened.local, from: nil)
                    : participants.container(with: opened.local.address))
        }
        let listener =
            connection.otherProcess ?? (isClient ? participants.listener(at: opened.remote, from: opened.process) : nil)
        if remote == nil {
            remote =
                isClient
                ? participants.container(at: opened.remote, from: opened.process)
                    ?? participants.container(of: listener)
                : participants.container(of: listener) ?? participants.container(with: opened.remote.address)
        }
        remoteIsProcess = listener != nil
        return true
    }

    /// What the receiver is.
    /// - Parameter isSend: the local side sends.
    func destinationType(isSend: Bool, hasProcess: Bool) -> DestinationType {
        if isSend { return remote != nil ? .container : remoteIsProcess ? .process : .external }
        return local != nil ? .container : hasProcess ? .process : .external
    }
}
