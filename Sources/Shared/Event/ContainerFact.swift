/// What a container runtime said.
package struct ContainerFact: Equatable, Sendable {
    package var subject: Subject
    /// `nil`: no container has the address any more.
    package var container: ContainerIdentity?

    /// Of whom: who is in the container, or where it is reached.
    package enum Subject: Equatable, Sendable {
        case process(ProcessKey)
        /// Connections to this address reach the container; port 0 stands for all ports.
        case endpoint(Endpoint)
    }

    package init(subject: Subject, container: ContainerIdentity?) {
        self.subject = subject
        self.container = container
    }
}

/// A container as its runtime names it.
package struct ContainerIdentity: Hashable, Sendable {
    /// The compose service, or what stands for it.
    package var service: String
    /// With its tag.
    package var image: String
    /// The full identifier; never empty, which on a trace means that no container has the address any more.
    package var id: String
    package var name: String

    package init(service: String, image: String, id: String, name: String) {
        self.service = service
        self.image = image
        self.id = id
        self.name = name
    }
}
