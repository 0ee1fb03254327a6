/// The service map as a value, in the order in which it is written (docs/contract.md, section 5).
package struct ServiceMapDocument: Equatable, Sendable {
    /// The tape's last event; `nil` where the tape has none.
    var generatedAt: Timestamp?
    package var services: [Service]
    /// What the bodies of each endpoint have in common, where that was asked for: by service, destination, method and path.
    var bodies: [Bodies] = []
    /// What the heads of messages say of endpoints, where that was asked for, in no order.
    var interfaces: [Interface] = []
    /// When, and the first exchanges one by one, where that was asked for.
    var story: Story?
    /// Exchanges, operations and connections one by one, where that was asked for.
    var traces = Traces()
    /// Of what this was chosen from; `nil`: nothing was left out.
    var wholeSpan: Int64?

    /// From the first to the last that was seen, in nanoseconds, whatever was chosen of it.
    package var span: Int64 {
        if let wholeSpan { return wholeSpan }
        guard let first = services.map(\.firstSeen).min(), let last = services.map(\.lastSeen).max() else { return 0 }
        return last.since(first)
    }

    package init(generatedAt: Timestamp?, services: [Service]) {
        self.generatedAt = generatedAt
        self.services = services
    }

    /// Who calls, with all that it calls.
    package struct Service: Equatable, Sendable {
        package var name: String
        /// With its tag; `nil` where the service is no container.
        package var image: String?
        package var endpoints: [Endpoint]
        package var connections: [Connection]
        package var firstSeen: Timestamp
        package var lastSeen: Timestamp
    }

    /// What is asked of a destination over HTTP; bodies of another shape are another endpoint.
    package struct Endpoint: Equatable, Sendable {
        package var destination: String
        var destinationType: DestinationType
        package var method: String
        /// Without the query; a template where it stands for several.
        package var path: String
        /// What the content calls itself, where several kinds of it go under one path.
        package var operation: String?
        var requestSchema: Shape
        var responseSchema: Shape
        /// A part of the bodies was not captured: the schema is that of what was.
        var requestIsIncomplete = false
        var responseIsIncomplete = false
        package var firstSeen: Timestamp
        package var lastSeen: Timestamp
        package var count: UInt64
        /// It stands for so many endpoints, which are beyond what is told of each (`SeriesLimit`).
        var series: UInt64 = 0
        /// As `protocol` has it: `http/1.1`.
        package var protocolName: String
        var numbers = ExchangeNumbers()
        /// Those that the template stands for, by whatever method.
        var paths = DistinctPaths()
        var template: PathTemplate?
    }

    /// The JSON bodies of an endpoint, of whatever shapes.
    struct Bodies: Equatable, Sendable {
        var service: String
        var destination: String
        var method: String
        var path: String
        /// What the content calls itself, where it does.
        var operation: String?
        var protocolName: String
        var count: UInt64
        var schemas: EndpointSchemas
    }

    /// What the heads of an endpoint's messages say.
    struct Interface: Equatable, Sendable {
        var service: String
        var destination: String
        var method: String
        var path: String
        var facts: InterfaceFacts
    }

    /// A destination with which connections were made, or tried, that gave no HTTP exchange.
    package struct Connection: Equatable, Sendable {
        package var destination: String
        var destinationType: DestinationType
        package var protocolName: String
        package var category: String
        /// A database, a cache or a message bus.
        var isService = true
        package var port: UInt16
        /// 90: the payload says so; 60: only the port does; 0: nothing does.
        package var confidence: Int
        package var reason: String
        package var firstSeen: Timestamp
        package var lastSeen: Timestamp
        package var count: UInt64
        /// Why the connect failed, and how often.
        package var failures: [Failure] = []
        /// TLS hides what is talked.
        package var isEncrypted = false
        /// What its last handshake told.
        var tls: TLSFacts?
        /// What was asked, by name, targets and summary.
        package var operations: [Operation] = []

        /// For people: `postgres :5432`; a Unix socket has no port.
        package var place: String { port == 0 ? protocolName : "\(protocolName) :\(port)" }
    }

    /// What was asked of a service, and how often.
    package struct Operation: Equatable, Sendable {
        package var name: String
        package var targets: [String]
        package var summary: String
        package var count: UInt64
        package var errors: UInt64
        /// Rows that were returned.
        package var rows: UInt64
        /// Of those that were answered and do not wait.
        var latency = LatencyHistogram()
        /// How long it took where somebody listened.
        var waiting = LatencyHistogram()
        /// What its messages have in common, where that was asked for.
        var contents: MessageContents?
        /// It stands for so many operations, which are beyond what is told of each (`SeriesLimit`).
        var series: UInt64 = 0
        package var firstSeen: Timestamp
        package var lastSeen: Timestamp
    }

    /// A reason for which connects failed, and how often they did.
    package struct Failure: Equatable, Sendable {
        package var reason: String
        package var count: UInt64
    }
}
