/// Who is behind the ends of a connection: names that the user gave, containers, processes.
///
/// What the traffic itself names (a Host field, a server name) is for others to add.
package final class Naming {
    package var participants: Participants
    private let names: AddressNames
    /// What is known of open connections, at their slots.
    private var entries: [Entry] = []

    private struct Entry {
        var id = ConnectionID(.max)
        var ends = ContainerEnds()
        /// Grows with each end that becomes known.
        var revision: UInt32 = 0
    }

    /// A name for one end.
    package struct Name {
        package var text: String
        package var type: DestinationType
        /// Where it is a container.
        package var image: String?
    }

    package init(_ names: AddressNames, _ containers: [ContainerFact], limits: Limits) {
        self.names = names
        participants = Participants(limits: limits)
        for fact in containers { participants.add(fact) }
    }

    /// Takes note of who was at the ends when the connection was made: where an address goes to somebody else, it stays.
    package func opened(_ connection: Connection) {
        if connection.opened.process != nil { participants.add(ownAddress: connection.opened.local.address) }
        if connection.opened.role != .unknown { _ = revision(of: connection) }
    }

    /// The containers at a connection's ends, as far as the tape has told.
    package func ends(of connection: Connection) -> ContainerEnds {
        _ = revision(of: connection)
        return entries[connection.slot].ends
    }

    /// Looks for the containers at a connection's ends where the tape has told of more since it was done last.
    /// - Returns: a number that grows with each end that becomes known.
    @inline(__always)
    package func revision(of connection: Connection) -> UInt32 {
        let slot = connection.slot
        if slot >= entries.count || entries[slot].id != connection.opened.id { begin(connection) }
        if entries[slot].ends.update(connection, participants) { entries[slot].revision &+= 1 }
        return entries[slot].revision
    }

    @inline(never)
    private func begin(_ connection: Connection) {
        while entries.count <= connection.slot { entries.append(Entry()) }
        entries[connection.slot] = Entry(id: connection.opened.id)
    }

    // MARK: Names

    /// Where the connection goes: the name that the user gave, else the container's service, else the profiled process
    /// that listens there; `nil` where nothing but the traffic and the address can tell.
    package func destination(of connection: Connection) -> Name? {
        let server = connection.server
        if let name = names.name(of: server) { return Name(text: name, type: .external) }
        let ends = ends(of: connection)
        if let container = connection.localIsClient ? ends.remote : ends.local { return name(container) }
        guard let process = connection.opened.process else { return nil }
        let listener = connection.localIsClient ? participants.listener(at: server, from: process) : process
        return participants.serviceName(listener).map { Name(text: $0, type: .process) }
    }

    /// Who has opened the connection: a process goes by its own name, else the user's name for the address counts, else
    /// the container's service.
    /// - Returns: `nil` where only the address can tell.
    package func source(of connection: Connection) -> Name? {
        let process = connection.localIsClient ? connection.opened.process : nil
        if process == nil, let name = names.name(of: connection.client) { return Name(text: name, type: .external) }
        let ends = ends(of: connection)
        if let container = connection.localIsClient ? ends.local : ends.remote { return name(container) }
        if let name = participants.serviceName(process) { return Name(text: name, type: .process) }
        return names.name(of: connection.client).map { Name(text: $0, type: .external) }
    }

    private func name(_ container: KnownContainer) -> Name {
        Name(text: container.identity.service, type: .container, image: container.identity.image)
    }
}
