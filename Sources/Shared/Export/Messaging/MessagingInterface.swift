/// What one service sends and receives in messages: over Kafka, NATS, AMQP and Redis' channels with a broker between, and over WebSockets with
/// whom it talks to.
struct MessagingInterface {
    /// As the map calls it.
    var service: String
    /// By server, address and title.
    var channels: [Channel] = []
    var leftOut = LeftOut()

    /// Where messages pass: a topic, a subject, a queue, an exchange's key, a path.
    struct Channel {
        var server: Server
        var place: Place
        var sent = Direction()
        var received = Direction()
    }

    struct Server: Hashable {
        /// As the map calls it; it may have a port behind it.
        var host: String
        var port: UInt16
        var protocolName: String
        var isEncrypted = false
    }

    struct Place: Hashable {
        var kind: Kind
        /// What stands for one word is `{name}`; `nil` where the address is not known.
        var address: String?
        /// What there is to say of it otherwise.
        var title: String?

        enum Kind: Hashable {
            case topic, subject, consumer, queue, path
            case key(exchange: String)
        }
    }

    /// All messages of a channel that go one way.
    struct Direction {
        var count: UInt64 = 0
        var first: Timestamp?
        var last: Timestamp?
        /// Each is answered, at an address of its own.
        var isAsked = false
        /// Kafka's consumer groups that the service is a member of.
        var groups: Set<String> = []
        /// By what they call themselves: those of which the content is known.
        var messages: [String: GeneralSchema] = [:]
        /// What messages of no content that is known call themselves.
        var opaque: Set<String> = []
        /// Of what answers them.
        var answers = GeneralSchema()
        var hasOtherAnswers = false

        var isThere: Bool { count > 0 }

        /// Messages of a broker have no names.
        mutating func add(_ contents: MessageContents) {
            if !contents.message.isEmpty { messages["", default: GeneralSchema()].merge(contents.message) }
            if contents.hasOthers { opaque.insert("") }
            answers.merge(contents.answer)
            hasOtherAnswers = hasOtherAnswers || contents.hasOtherAnswers
        }

        mutating func add(_ count: UInt64, _ first: Timestamp, _ last: Timestamp) {
            self.count &+= count
            self.first = min(self.first ?? first, first)
            self.last = max(self.last ?? last, last)
        }
    }

    /// Of each service that sends or receives messages, by name.
    static func all(in map: ServiceMapDocument) -> [MessagingInterface] {
        var gathering: [String: Gathering] = [:]
        for service in map.services {
            for connection in service.connections {
                gathering[service.name, default: Gathering()].add(connection)
            }
            for endpoint in service.endpoints where endpoint.method != "WS" && endpoint.numbers.oneWay > 0 {
                gathering[service.name, default: Gathering()].addEvents(of: endpoint)
            }
            for endpoint in service.endpoints where endpoint.method == "WS" {
                let bodies = map.bodies.filter {
                    $0.method == "WS" && $0.service == service.name && $0.destination == endpoint.destination
                        && $0.path == endpoint.path && $0.operation == endpoint.operation
                }
                gathering[service.name, default: Gathering()].add(endpoint, bodies, isServer: false)
                gathering[endpoint.destination, default: Gathering()].add(endpoint, bodies, isServer: true)
            }
        }
        return gathering.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.compactMap { name, found in
            let interface = found.interface(of: name)
            return interface.channels.isEmpty && interface.leftOut.texts.isEmpty ? nil : interface
        }
    }
}

private struct Gathering {
    private struct Key: Hashable {
        var server: MessagingInterface.Server
        var place: MessagingInterface.Place
    }

    private var channels: [Key: MessagingInterface.Channel] = [:]
    private var leftOut = LeftOut()

    func interface(of service: String) -> MessagingInterface {
        let sorted = channels.values.sorted { $0.order.lexicographicallyPrecedes($1.order) }
        return MessagingInterface(service: service, channels: sorted, leftOut: leftOut)
    }

    private mutating func update(
        _ server: MessagingInterface.Server, _ place: MessagingInterface.Place,
        _ change: (inout MessagingInterface.Channel) -> Void
    ) {
        change(&channels[Key(server: server, place: place), default: .init(server: server, place: place)])
    }

    /// What is said within an answer that goes on.
    mutating func addEvents(of endpoint: ServiceMapDocument.Endpoint) {
        leftOut.add([endpoint.path, endpoint.operation ?? ""].filter { !$0.isEmpty }.joined(separator: " "), .event)
    }

    // MARK: Brokers

    mutating func add(_ connection: ServiceMapDocument.Connection) {
        guard let bus = MessageBus(rawValue: connection.protocolName) else { return }
        let server = MessagingInterface.Server(
            host: connection.destination, port: connection.port, protocolName: bus.rawValue,
            isEncrypted: connection.tls != nil)
        let names = Set(connection.operations.map(\.name))
        let groups =
            bus == .kafka
            ? Set(connection.operations.filter { $0.name == "JoinGroup" }.flatMap(\.targets)) : Set<String>()
        for operation in connection.operations {
            let what = "\(bus.rawValue) \(operation.name)"
            switch bus.act(operation.name, names) {
            case nil:
                // A message, of which a subscription told that it would come.
                guard let contents = operation.contents, operation.series == 0 else { continue }
                for place in Self.listened(operation.targets, connection, bus, names) {
                    update(server, place) { $0.received.add(contents) }
                }
            case _ where operation.series > 0: leftOut.add(what, .folded)
            case .some(let act):
                let places = operation.targets.compactMap { bus.place(operation.name, $0) }
                if places.isEmpty, !bus.mayLackTarget(operation.name) { leftOut.add(what, .address) }
                for place in places {
                    update(server, place) { channel in
                        let direction = act == .receive ? \MessagingInterface.Channel.received : \.sent
                        channel[keyPath: direction].add(operation.count, operation.firstSeen, operation.lastSeen)
                        if act == .ask { channel.sent.isAsked = true }
                        if let contents = operation.contents { channel[keyPath: direction].add(contents) }
                        if act == .receive { channel.received.groups.formUnion(groups) }
                    }
                }
            }
        }
    }

    /// Where messages to some targets come to who has subscribed.
    private static func listened(
        _ targets: [String], _ connection: ServiceMapDocument.Connection, _ bus: MessageBus, _ names: Set<String>
    ) -> Set<MessagingInterface.Place> {
        let subscriptions = connection.operations.filter { $0.series == 0 && bus.act($0.name, names) == .receive }
        return Set(
            subscriptions.flatMap { subscription in
                subscription.targets.filter { listened in targets.contains { bus.carries(listened, $0) } }
                    .compactMap { bus.place(subscription.name, $0) }
            })
    }

    // MARK: WebSockets

    /// - Parameter isServer: what clients send is what is received.
    mutating func add(
        _ endpoint: ServiceMapDocument.Endpoint, _ bodies: [ServiceMapDocument.Bodies], isServer: Bool
    ) {
        let name = endpoint.operation ?? ""
        guard endpoint.series == 0 else { return leftOut.add("websocket \(endpoint.path)", .folded) }
        let path = endpoint.path.isEmpty ? nil : PathTemplate.description(endpoint.describedParts)
        let place = MessagingInterface.Place(kind: .path, address: path, title: path == nil ? "of unknown path" : nil)
        let server = MessagingInterface.Server(host: endpoint.destination, port: 0, protocolName: "ws")
        var (asked, answered) = (GeneralSchema(), GeneralSchema())
        for schemas in bodies.map(\.schemas) {
            asked.merge(schemas.request)
            for answer in schemas.responses.values { answered.merge(answer) }
        }
        update(server, place) { channel in
            for (shape, schema, isSent) in [
                (endpoint.requestSchema, asked, !isServer), (endpoint.responseSchema, answered, isServer),
            ] where shape != .empty {
                let direction = isSent ? \MessagingInterface.Channel.sent : \.received
                channel[keyPath: direction].add(endpoint.count, endpoint.firstSeen, endpoint.lastSeen)
                if schema.isEmpty {
                    channel[keyPath: direction].opaque.insert(name)
                } else {
                    channel[keyPath: direction].messages[name] = schema
                }
            }
        }
    }
}

extension MessagingInterface.Channel {
    fileprivate var order: [UInt8] {
        Array("\(server.host)\0\(server.port)\0\(place.address ?? "")\0\(place.title ?? "")\0\(place.kind)".utf8)
    }
}
