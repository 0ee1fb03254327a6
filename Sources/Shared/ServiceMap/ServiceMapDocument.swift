/// The service map as a value, in the order in which it is written (SPEC.md, section 5).
package struct ServiceMapDocument: Equatable, Sendable {
    package var generatedAt: Timestamp
    package var services: [Service]

    package init(generatedAt: Timestamp, services: [Service]) {
        self.generatedAt = generatedAt
        self.services = services
    }

    package struct Service: Equatable, Sendable {
        package var name: String
        package var image: String?
        package var endpoints: [Endpoint]
        package var connections: [Connection]
        package var firstSeen: Timestamp
        package var lastSeen: Timestamp
    }

    package struct Endpoint: Equatable, Sendable {
        package var destination: String
        package var destinationType: DestinationType
        package var method: String
        package var path: String
        package var requestSchema: Shape
        package var responseSchema: Shape
        package var firstSeen: Timestamp
        package var lastSeen: Timestamp
        package var count: UInt64
    }

    package struct Connection: Equatable, Sendable {
        package var destination: String
        package var destinationType: DestinationType
        package var protocolName: String
        package var category: String
        package var port: UInt16
        package var confidence: Int
        package var reason: String
        package var firstSeen: Timestamp
        package var lastSeen: Timestamp
        package var count: UInt64
        /// How often the connect failed.
        package var failures: UInt64 = 0
    }
}

package enum DestinationType: UInt8, Sendable {
    case container, process, external
}
