/// Protocols of message buses, and what of them are messages: the names of operations and targets are those of the map.
enum MessageBus: String {
    case kafka, nats, amqp, redis

    enum Act {
        case send, receive
        /// It is sent, and an answer is waited for.
        case ask
    }

    /// What an operation does with messages; `nil` where it does nothing with any, or follows from another one.
    /// - Parameter others: all operations of the same connections.
    func act(_ name: String, _ others: Set<String>) -> Act? {
        switch (self, name) {
        case (.kafka, "send"), (.nats, "publish"), (.amqp, "publish"), (.redis, "PUBLISH"), (.redis, "SPUBLISH"): .send
        case (.nats, "request"): .ask
        case (.kafka, "poll"), (.nats, "subscribe"), (.nats, "receive"), (.amqp, "consume"), (.amqp, "get"),
            (.redis, "SUBSCRIBE"), (.redis, "PSUBSCRIBE"), (.redis, "SSUBSCRIBE"):
            .receive
        // Where the capture began after the subscription.
        case (.nats, "process"): others.contains("subscribe") ? nil : .receive
        case (.amqp, "deliver"): others.contains("consume") ? nil : .receive
        case (.redis, "message"): others.contains("SUBSCRIBE") ? nil : .receive
        case (.redis, "smessage"): others.contains("SSUBSCRIBE") ? nil : .receive
        case (.redis, "pmessage"): others.contains("PSUBSCRIBE") ? nil : .receive
        default: nil
        }
    }

    /// Whether it is no loss that an operation names nothing: a poll of what was assigned before, a subscription to an inbox.
    func mayLackTarget(_ name: String) -> Bool {
        switch self {
        case .kafka: name == "poll"
        case .nats: true
        case .amqp, .redis: false
        }
    }

    /// Whether what is said to a target comes to who listens to another.
    func carries(_ listened: String, _ target: String) -> Bool {
        switch self {
        case .kafka, .redis: return listened == target
        // What is delivered ends with the queue that it comes from.
        case .amqp: return listened == target || target.hasSuffix(":" + listened)
        case .nats: break
        }
        let (own, others) = (
            listened.split(separator: ".", omittingEmptySubsequences: false),
            target.split(separator: ".", omittingEmptySubsequences: false)
        )
        for (place, word) in own.enumerated() {
            if word == ">", place == own.count - 1 { return others.count > place }
            guard place < others.count, word == "*" || word == others[place] else { return false }
        }
        return own.count == others.count
    }

    /// Where the messages of an operation pass; `nil` for what is none of the bus's messages.
    func place(_ name: String, _ target: String) -> MessagingInterface.Place? {
        switch self {
        case .kafka: return .init(kind: .topic, address: Self.template(target))
        case .nats:
            if name == "receive" {
                return .init(kind: .consumer, address: nil, title: target)
            }
            // JetStream's interface, the server's own, and buckets, which are a store.
            guard !["$JS.", "$SYS.", "$KV.", "$O."].contains(where: target.hasPrefix) else { return nil }
            let address = Self.template(target) { text in
                text.split(separator: ".", omittingEmptySubsequences: false).map { word in
                    word == "*" ? "{any}" : word == ">" ? "{rest}" : String(word)
                }.joined(separator: ".")
            }
            return .init(kind: .subject, address: address)
        case .redis:
            let isPattern = name == "PSUBSCRIBE" || name == "pmessage"
            return .init(
                kind: .subject, address: Self.template(target) { isPattern ? $0.replacing("*", with: "{any}") : $0 })
        case .amqp:
            let parts = target.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            if name == "publish", parts.count > 1 {
                return .init(
                    kind: .key(exchange: parts[0]), address: Self.template(parts.dropFirst().joined(separator: ":")))
            }
            // What is delivered says how it came to the queue.
            return .init(kind: .queue, address: Self.template(name == "deliver" ? parts.last ?? "" : target))
        }
    }

    /// An address whose parameters have names of their own, of letters, digits, `_` and `-` (AsyncAPI 3.0.0, "Channel Address Expressions").
    ///
    /// Braces that are no placeholder's were sent so, and are percent-encoded as those of paths are.
    /// - Parameter wildcards: makes parameters of what stands for any text.
    private static func template(_ target: String, wildcards: (String) -> String = { $0 }) -> String {
        let text = wildcards(encodingBraces(of: target))
        var written = ""
        var names: Set<String> = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            written += rest[..<open]
            let inner = rest[rest.index(after: open)..<close]
            let isName =
                !inner.isEmpty
                && inner.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x5F || $0 == 0x2D }
            let name = isName ? String(inner) : "param"
            var own = name
            var number = 1
            while !names.insert(own).inserted {
                number += 1
                own = "\(name)\(number)"
            }
            written += "{\(own)}"
            rest = rest[rest.index(after: close)...]
        }
        return written + rest
    }

    private static func encodingBraces(of target: String) -> String {
        var encoded = ""
        var rest = target[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            encoded += rest[..<brace]
            rest = rest[brace...]
            if let placeholder = KeyPattern.placeholders.first(where: { rest.hasPrefix($0) }) {
                encoded += placeholder
                rest = rest.dropFirst(placeholder.count)
            } else {
                encoded += rest.removeFirst() == "{" ? "%7B" : "%7D"
            }
        }
        return encoded + rest
    }
}
