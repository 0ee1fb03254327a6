package import Shared

/// A container, and where its traffic comes from and goes to.
package struct RunningContainer: Equatable, Sendable {
    package var identity: ContainerIdentity
    /// The container's first process, as the machine numbers it; 0 where the runtime did not say.
    package var initPid: Int32
    /// Its own, on all of its networks; none where it shares the host's network.
    package var addresses: [IPAddress]
    /// Where the host hands connections on to it; the unspecified address stands for all of the host's.
    package var published: [Endpoint]
    /// The host's addresses on the container's networks.
    package var gateways: [IPAddress]

    package init(
        identity: ContainerIdentity, initPid: Int32 = 0, addresses: [IPAddress] = [], published: [Endpoint] = [],
        gateways: [IPAddress] = []
    ) {
        self.identity = identity
        self.initPid = initPid
        self.addresses = addresses
        self.published = published
        self.gateways = gateways
    }

    /// Where a connection reaches the container; port 0 stands for all ports.
    /// - Parameter host: the machine's own addresses, beside loopback and those on the container's networks.
    package func endpoints(host: [IPAddress] = []) -> [Endpoint] {
        let v4 = IPAddress(v4: 0)
        let v6 = IPAddress(high: 0, low: 0)
        var own = [IPAddress(v4: 0x7F00_0001), IPAddress(high: 0, low: 1)]
        for address in gateways + host where !own.contains(address) { own.append(address) }
        var endpoints = addresses.map { Endpoint($0, 0) }
        for place in published {
            switch place.address {
            case v4, v6:
                for address in own where (address.v4 != nil) == (place.address == v4) {
                    endpoints.append(Endpoint(address, place.port))
                }
            default: endpoints.append(place)
            }
        }
        return endpoints
    }
}

/// A container runtime that can be asked.
///
/// Whose pid or whose address something is answers a table of what it said (`ContainerNames`): the event path never
/// waits for a runtime.
package protocol ContainerDirectory {
    /// All containers that run, as far as one question tells.
    func containers() throws -> [RunningContainer]
    /// - Returns: `nil` where there is none of this name any more, or it has ended.
    func container(_ id: String) throws -> RunningContainer?
    /// Gives what has changed since a moment, and what changes, until the runtime ends or the body says no.
    /// - Parameter since: a moment before `containers` was asked, so that nothing falls between the two.
    func changes(since: Timestamp, _ body: (ContainerChange) -> Bool) throws
}

/// What happened to a container.
package enum ContainerChange: Equatable, Sendable {
    /// It is about to be started: its name is known before its first process runs.
    case created(RunningContainer)
    /// Ask for it: where it is reached, or its first process, is new.
    case changed(String)
    case stopped(String)
}
