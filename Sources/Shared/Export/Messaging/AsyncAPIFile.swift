/// What each service sends and receives in messages, as an AsyncAPI description (AsyncAPI 3.0.0) from that service's view: servers, channels,
/// operations, and the schemas of WebSocket's messages; no values.
package enum AsyncAPIFile {
    /// A description of each service that sends or receives messages.
    /// - Parameters:
    ///   - map: with bodies.
    ///   - from: what it was made from, for people.
    ///   - showsCounts: say how often each operation was seen, and from when to when.
    package static func descriptions(
        _ map: ServiceMapDocument, from: String, isJSON: Bool = false, showsCounts: Bool = false
    ) -> [ServiceDescription] {
        MessagingInterface.all(in: map).map { interface in
            let leftOut = interface.leftOut.texts
            guard !interface.channels.isEmpty else {
                return ServiceDescription(service: interface.service, text: "", leftOut: leftOut)
            }
            var writer = AsyncAPIWriter(interface, showsCounts: showsCounts)
            let tree = writer.document(from: from, leftOut)
            return ServiceDescription(
                service: interface.service, text: isJSON ? tree.json : tree.yaml, leftOut: leftOut)
        }
    }
}

private struct AsyncAPIWriter {
    private let interface: MessagingInterface
    private let showsCounts: Bool
    private let schemas: SharedSchemas
    private var servers: [DocumentTree.Member] = []
    private var serverKeys: [MessagingInterface.Server: String] = [:]
    private var channels: [DocumentTree.Member] = []
    private var operations: [DocumentTree.Member] = []
    private var channelNames = TakenNames()
    private var operationNames = TakenNames()

    init(_ interface: MessagingInterface, showsCounts: Bool) {
        (self.interface, self.showsCounts) = (interface, showsCounts)
        schemas = SharedSchemas(
            interface.channels.flatMap { channel in
                [channel.sent, channel.received].flatMap { direction in
                    Self.sorted(direction.messages).map { name, schema in
                        (Self.messageKey(name), Self.schema(schema))
                    } + (direction.answers.isEmpty ? [] : [("answer", Self.schema(direction.answers))])
                }
            })
    }

    private static func sorted<Value>(_ values: [String: Value]) -> [(key: String, value: Value)] {
        values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    private static func schema(_ schema: GeneralSchema) -> DocumentTree { .map(JSONSchema().members(schema.facts)) }

    private static func messageKey(_ name: String) -> String {
        let words = DescriptionName.words(name)
        return words.isEmpty ? "message" : words
    }

    // MARK: Document

    mutating func document(from: String, _ leftOut: [String]) -> DocumentTree {
        addServers()
        for channel in interface.channels { add(channel) }
        var members: [DocumentTree.Member] = []
        members.add("asyncapi", "3.0.0")
        var sentences = [from]
        let isUnknown = { (direction: MessagingInterface.Direction) in
            direction.isThere && (direction.messages.isEmpty || !direction.opaque.isEmpty)
        }
        if interface.channels.contains(where: {
            $0.place.kind != .path && (isUnknown($0.sent) || isUnknown($0.received))
        }) {
            sentences.append(
                "Messages whose payload may be anything are no JSON, pressed, or were not seen as a whole.")
        }
        if !leftOut.isEmpty { sentences.append("Left out: \(leftOut.joined(separator: ", ")).") }
        var info: [DocumentTree.Member] = []
        info.add("title", interface.service)
        // Traffic does not say it.
        info.add("version", "unknown")
        info.add("description", sentences.joined(separator: " "))
        members.add("info", .map(info))
        members.add("servers", .map(servers))
        members.add("channels", .map(channels))
        members.add("operations", .map(operations))
        if !schemas.definitions.isEmpty {
            members.add("components", .map([DocumentTree.Member("schemas", .map(schemas.definitions))]))
        }
        return .map(members)
    }

    private mutating func addServers() {
        var names = TakenNames()
        for server in interface.channels.map(\.server) where serverKeys[server] == nil {
            let key = names.own(DescriptionName.words(server.host), or: "server")
            serverKeys[server] = key
            var members: [DocumentTree.Member] = []
            let hasPort = server.port == 0 || server.host.hasSuffix(":\(server.port)")
            let host =
                server.host.contains(":") && !server.host.contains(".") && IPAddress(server.host) != nil
                ? "[\(server.host)]" : server.host
            members.add("host", hasPort ? host : "\(host):\(server.port)")
            members.add("protocol", server.asyncProtocol)
            servers.add(key, .map(members))
        }
    }

    private mutating func add(_ channel: MessagingInterface.Channel) {
        let key = channelNames.own(
            DescriptionName.words(channel.place.address ?? channel.place.title ?? ""), or: "Root")
        var members: [DocumentTree.Member] = []
        if let address = channel.place.address { members.add("address", address) }
        if let title = channel.place.title { members.add("title", title) }
        if channel.place.kind == .consumer { members.add("description", "A consumer of JetStream.") }
        members.add("servers", .list([reference("servers", serverKeys[channel.server] ?? "")]))
        // A message that goes both ways is one, where it is the same.
        var messages: [DocumentTree.Member] = []
        var names = TakenNames()
        var own: [[String]] = []
        for direction in [channel.sent, channel.received] {
            own.append(direction.isThere ? add(direction, to: &messages, &names) : [])
        }
        members.add("messages", .map(messages))
        let parameters = Self.parameters(of: channel.place.address ?? "")
        members.add(unlessEmpty: "parameters", parameters.map { DocumentTree.Member($0.name, .map($0.members)) })
        members.add(unlessEmpty: "bindings", Self.binding(of: channel.place))
        channels.add(key, .map(members))
        for (action, direction, messages) in [("send", channel.sent, own[0]), ("receive", channel.received, own[1])]
        where direction.isThere {
            add(action, direction, key, messages, channel.server)
        }
    }

    /// - Returns: the keys of its messages.
    private func add(
        _ direction: MessagingInterface.Direction, to messages: inout [DocumentTree.Member], _ names: inout TakenNames
    ) -> [String] {
        var keys: [String] = []
        func add(_ name: String, _ payload: DocumentTree?) {
            let message = Self.message(name, payload)
            if let same = messages.first(where: { $0.value == message }) { return keys.append(same.key) }
            let key = names.own(Self.messageKey(name), or: "message")
            keys.append(key)
            messages.add(key, message)
        }
        for (name, schema) in Self.sorted(direction.messages) { add(name, schemas.shown(Self.schema(schema))) }
        for name in direction.opaque.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) { add(name, nil) }
        if keys.isEmpty { add("", nil) }
        return keys
    }

    private static func message(_ name: String, _ payload: DocumentTree?) -> DocumentTree {
        var members: [DocumentTree.Member] = []
        if !name.isEmpty { members.add("name", name) }
        if payload != nil { members.add("contentType", "application/json") }
        // Of what is not known: anything. Many readers want it to be there.
        members.add("payload", payload ?? .map([]))
        return .map(members)
    }

    private mutating func add(
        _ action: String, _ direction: MessagingInterface.Direction, _ channel: String, _ messages: [String],
        _ server: MessagingInterface.Server
    ) {
        var members: [DocumentTree.Member] = []
        members.add("action", action)
        members.add("channel", reference("channels", channel))
        members.add(
            "messages", .list(messages.map { reference("channels", channel, "messages", $0) }))
        if direction.isAsked {
            let reply = channelNames.own("\(channel)Reply", or: "Reply")
            var own: [DocumentTree.Member] = []
            own.add("title", "answers to \(channel)")
            own.add("servers", .list([reference("servers", serverKeys[server] ?? "")]))
            var replies: [DocumentTree.Member] = []
            if !direction.answers.isEmpty {
                replies.add("message", Self.message("", schemas.shown(Self.schema(direction.answers))))
            }
            if direction.answers.isEmpty || direction.hasOtherAnswers {
                replies.add(replies.isEmpty ? "message" : "message2", Self.message("", nil))
            }
            own.add("messages", .map(replies))
            channels.add(reply, .map(own))
            var answer: [DocumentTree.Member] = []
            var address: [DocumentTree.Member] = []
            address.add("description", "An address that the question names, and that nobody else has.")
            address.add("location", "$message.header#/reply")
            answer.add("address", .map(address))
            answer.add("channel", reference("channels", reply))
            answer.add("messages", .list(replies.map { reference("channels", reply, "messages", $0.key) }))
            members.add("reply", .map(answer))
        }
        let groups = direction.groups.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        if !groups.isEmpty {
            var group: [DocumentTree.Member] = []
            group.add("type", "string")
            group.add("enum", groups)
            members.add("bindings", Self.nested("kafka", "groupId", .map(group)))
        }
        if showsCounts, let first = direction.first, let last = direction.last {
            var evidence: [DocumentTree.Member] = []
            evidence.add("count", direction.count)
            evidence.add("first", first.description)
            evidence.add("last", last.description)
            members.add("x-tapedeck", .map(evidence))
        }
        operations.add(operationNames.own(action + channel, or: action), .map(members))
    }

    // MARK: Parts

    private func reference(_ path: String...) -> DocumentTree {
        .map([DocumentTree.Member("$ref", .text("#/" + path.joined(separator: "/")))])
    }

    private static func nested(_ outer: String, _ inner: String, _ value: DocumentTree) -> DocumentTree {
        .map([DocumentTree.Member(outer, .map([DocumentTree.Member(inner, value)]))])
    }

    private static func parameters(of address: String) -> [(name: String, members: [DocumentTree.Member])] {
        address.matches(of: /\{([^}]*)\}/).map { match in
            let name = String(match.1)
            let text =
                switch name {
                case "any": "Any word."
                case "rest": "Any words."
                default: "What differs from message to message."
                }
            return (name, [DocumentTree.Member("description", .text(text))])
        }
    }

    private static func binding(of place: MessagingInterface.Place) -> [DocumentTree.Member] {
        var members: [DocumentTree.Member] = []
        switch place.kind {
        case .key(let exchange):
            members.add("is", "routingKey")
            members.add("exchange", .map([DocumentTree.Member("name", .text(exchange))]))
        case .queue:
            members.add("is", "queue")
            members.add("queue", .map([DocumentTree.Member("name", .text(place.address ?? ""))]))
        case .topic, .subject, .consumer, .path: return []
        }
        return [DocumentTree.Member("amqp", .map(members))]
    }
}

extension MessagingInterface.Server {
    /// As AsyncAPI calls it (AsyncAPI 3.0.0, "Server Object").
    fileprivate var asyncProtocol: String {
        guard isEncrypted else { return protocolName }
        return switch protocolName {
        case "kafka": "kafka-secure"
        case "amqp": "amqps"
        case "ws": "wss"
        default: protocolName
        }
    }
}
