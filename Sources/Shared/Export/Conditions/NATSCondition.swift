/// What is done over NATS, as nats/service 0.1.0 has it: an action on a resource.
struct NATSCondition: Hashable, Sendable {
    enum Resource: String, CaseIterable, Sendable {
        case connection, subject, stream, consumer
        case keyValue = "key_value"
        case objectStore = "object_store"

        /// The field that has the name.
        var field: String? {
            switch self {
            case .connection: nil
            case .subject: "subject"
            case .stream, .consumer: "stream"
            case .keyValue, .objectStore: "bucket"
            }
        }
    }

    var resource: Resource
    var action: String
    /// Of the subject, the stream or the bucket.
    var name = ""

    /// For people.
    var text: String { [resource.rawValue, action, name].filter { !$0.isEmpty }.joined(separator: " ") }

    static let connect = NATSCondition(resource: .connection, action: "connect")

    /// Why an operation is in no profile.
    enum Outside: String, Sendable, Error {
        case inbox = "a client's own inbox"
        /// It is an answer to what is declared already: a delivery to a subscription, the acknowledgement of a message.
        case consequence = "what another operation brings"
        case template = "the subject is a pattern that NATS has no wildcard for"
        case unknown = "no word of the vocabulary"
        case name = "no name that the vocabulary allows"
    }

    /// What an operation of the map is.
    ///
    /// - Parameters:
    ///   - name: as the map has it: `publish`, `STREAM.INFO`.
    ///   - target: the subject, or what stands behind the verb in a subject of JetStream's interface.
    static func of(_ name: String, _ target: String?) throws(Outside) -> NATSCondition {
        switch name {
        case "publish", "request", "subscribe":
            guard let target else { throw name == "subscribe" ? .inbox : .unknown }
            return try plain(name, target)
        case "reply": throw .inbox
        case "process", "settle": throw .consequence
        case "receive": return try named(.consumer, "consume", target)
        case "CONSUMER.CREATE", "CONSUMER.DURABLE.CREATE": return try named(.consumer, "create", target)
        case "CONSUMER.INFO", "CONSUMER.NAMES", "CONSUMER.LIST": return try named(.consumer, "inspect", target)
        case "CONSUMER.DELETE": return try named(.consumer, "delete", target)
        case "CONSUMER.PAUSE", "CONSUMER.RESET", "CONSUMER.UNPIN": return try named(.consumer, "update", target)
        case "STREAM.CREATE": return try named(.stream, "create", target)
        case "STREAM.UPDATE": return try named(.stream, "update", target)
        case "STREAM.DELETE": return try named(.stream, "delete", target)
        case "STREAM.INFO": return try named(.stream, "inspect", target)
        case "STREAM.MSG.GET", "DIRECT.GET": return try named(.stream, "read", target)
        case "STREAM.PURGE", "STREAM.MSG.DELETE": return try named(.stream, "update", target)
        default: throw .unknown
        }
    }

    private static func plain(_ action: String, _ target: String) throws(Outside) -> NATSCondition {
        let words = target.split(separator: ".", omittingEmptySubsequences: false)
        // Buckets are streams with subjects of their own (NATS documentation, "Key/Value Store Deep Dive").
        if words.count > 2, words[0] == "$KV" || words[0] == "$O" {
            let resource: Resource = words[0] == "$KV" ? .keyValue : .objectStore
            return try bucket(resource, action == "subscribe" ? "watch" : "write", String(words[1]))
        }
        if words[0].hasPrefix("$") { throw .unknown }
        var subject: [String] = []
        for word in words {
            if KeyPattern.placeholders.contains(String(word)) {
                // `{…}` may stand for what had dots in it, and so may what the whole subject is.
                guard word != "{…}", words.count > 1 else { throw .template }
                subject.append("*")
            } else if word.isEmpty || KeyPattern.placeholders.contains(where: word.contains) {
                throw .template
            } else {
                subject.append(String(word))
            }
        }
        let text = subject.joined(separator: ".")
        guard !text.unicodeScalars.contains(where: { $0.properties.isWhitespace || $0.value < 0x20 }) else {
            throw .name
        }
        return NATSCondition(resource: .subject, action: action, name: text)
    }

    /// An action on a stream, or on a consumer of one; of streams that hold a bucket it is one on the bucket.
    private static func named(_ resource: Resource, _ action: String, _ target: String?) throws(Outside)
        -> NATSCondition
    {
        guard let stream = target?.split(separator: ".").first.map(String.init) else { throw .unknown }
        for (prefix, bucket) in [("KV_", Resource.keyValue), ("OBJ_", .objectStore)] where stream.hasPrefix(prefix) {
            let name = String(stream.dropFirst(prefix.count))
            if resource == .consumer { return try self.bucket(bucket, "watch", name) }
            switch action {
            case "update": throw .unknown
            default: return try self.bucket(bucket, action, name)
            }
        }
        guard isName(stream) else { throw .name }
        // Who reads one message of a stream looks into it.
        return NATSCondition(resource: resource, action: action == "read" ? "inspect" : action, name: stream)
    }

    private static func bucket(_ resource: Resource, _ action: String, _ name: String) throws(Outside) -> NATSCondition
    {
        guard isName(name) else { throw .name }
        return NATSCondition(resource: resource, action: action, name: name)
    }

    /// Streams, consumers and buckets are called by one word, which no pattern stands for.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && !text.unicodeScalars.contains { ".*>{}".unicodeScalars.contains($0) || $0.properties.isWhitespace }
    }
}

extension NATSCondition: Comparable {
    static func < (a: NATSCondition, b: NATSCondition) -> Bool {
        if a.resource != b.resource {
            return Resource.allCases.firstIndex(of: a.resource) ?? 0 < Resource.allCases.firstIndex(of: b.resource) ?? 0
        }
        if a.name != b.name { return a.name.utf8.lexicographicallyPrecedes(b.name.utf8) }
        return a.action < b.action
    }
}
