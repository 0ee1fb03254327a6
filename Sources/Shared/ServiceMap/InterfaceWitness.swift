/// Gathers what the heads of messages say of interfaces (`InterfaceFacts`), for those exchanges that the map counts.
final class InterfaceWitness: CountedSink {
    let needs: Needs = .messages

    private(set) var endpoints = EntryTable<ServiceMap.EndpointKey, InterfaceFacts>()
    /// Of exchanges that the map has not counted yet, by their numbers.
    private var pending: [UInt64: InterfaceFacts] = [:]
    /// Of views that the map does not count nothing is asked: they go when there are so many.
    private static let mostPending = 1 << 16

    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        guard let exchange, message.isExchange, message.isFinished else { return }
        var facts = pending[exchange.number] ?? InterfaceFacts()
        if message.head.side == .client {
            facts.see(request: message, isDecrypted: origin.isDecrypted)
        } else {
            // Another answer follows (RFC 9110, section 15.2).
            guard message.head.status >= 200 || message.head.status == 101 else { return }
            facts.see(answer: message)
        }
        pending[exchange.number] = facts
        guard pending.count > Self.mostPending else { return }
        let bound = exchange.number &- UInt64(Self.mostPending / 2)
        pending = pending.filter { $0.key >= bound }
    }

    func counted(
        _ exchange: Exchange, as endpoint: ServiceMap.EndpointKey?, of connection: Connection, _ origin: Origin
    ) {
        guard let facts = pending.removeValue(forKey: exchange.number), let endpoint else { return }
        endpoints.merge(endpoint.withoutShapes, facts) { $0.merge($1) }
    }
}

extension InterfaceFacts {
    fileprivate mutating func see(request message: borrowing Message, isDecrypted: Bool) {
        let wire = message.wire.bytes
        var proofs: Set<Proof> = []
        requests &+= 1
        see(query: wire.extracting(message.head.target), &proofs)
        for field in message.head.fields {
            see(wire.extracting(field.name), wire.extracting(field.value), isDecrypted, &proofs)
        }
        count(proofs)
        requestBodies.see(message)
    }

    fileprivate mutating func see(answer message: borrowing Message) {
        answers[message.head.status, default: Bodies()].see(message)
    }

    // MARK: Query

    private mutating func see(query target: RawSpan, _ proofs: inout Set<Proof>) {
        guard let start = target.firstIndex(of: 0x3F) else { return }
        let query = [UInt8](target)[(start + 1)...].prefix { $0 != 0x23 }
        var found: [String: Parameter] = [:]
        var isUnnamed = false
        for pair in query.split(separator: 0x26) {
            // What has no value may as well be one.
            guard let equals = pair.firstIndex(of: 0x3D), let name = Self.name(pair[..<equals]) else {
                isUnnamed = true
                continue
            }
            if CredentialNames.credential(ofField: name.utf8) != nil {
                proofs.insert(.query(name))
            } else if found[name] == nil {
                found[name] = Parameter(kinds: Self.kind(pair[(equals + 1)...]))
            } else {
                found[name]?.kinds.formUnion(Self.kind(pair[(equals + 1)...]))
                found[name]?.isRepeated = true
            }
        }
        for (name, parameter) in found { self.query.add(name, parameter) { $0.merge($1) } }
        if isUnnamed { unnamedQueries &+= 1 }
    }

    /// Bytes of a name of the query, or of a media type; those that people made are shorter.
    private static let longestName = 128

    /// - Returns: `nil` for what is no name, or data.
    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        var decoded: [UInt8] = []
        var at = bytes.startIndex
        while at < bytes.endIndex {
            var byte = bytes[at]
            at += 1
            if byte == 0x2B { byte = 0x20 }
            if byte == 0x25 {
                guard at + 1 < bytes.endIndex,
                    let value = UInt8(String(decoding: bytes[at...(at + 1)], as: UTF8.self), radix: 16)
                else { return nil }
                byte = value
                at += 2
            }
            guard byte >= 0x20, byte != 0x7F else { return nil }
            decoded.append(byte)
        }
        guard !decoded.isEmpty, decoded.count <= longestName,
            decoded.withUnsafeBytes({ IdentifierClass.of($0) }) == nil
        else { return nil }
        return String(validating: decoded, as: UTF8.self)
    }

    /// What a value looks like: a number as JSON has it (RFC 8259, section 6), or text.
    private static func kind(_ value: ArraySlice<UInt8>) -> Kinds {
        if value.elementsEqual("true".utf8) || value.elementsEqual("false".utf8) { return .boolean }
        let digits = value.first == 0x2D ? value.dropFirst() : value
        let whole = digits.prefix { $0 &- 0x30 < 10 }
        // More digits are no number that programs count with.
        guard (1...18).contains(whole.count), whole.count == 1 || whole.first != 0x30 else { return .text }
        if whole.count == digits.count { return .integer }
        let fraction = digits[whole.endIndex...]
        guard fraction.first == 0x2E, (2...19).contains(fraction.count),
            fraction.dropFirst().allSatisfy({ $0 &- 0x30 < 10 })
        else { return .text }
        return .number
    }

    // MARK: Fields

    private mutating func see(_ name: RawSpan, _ value: RawSpan, _ isDecrypted: Bool, _ proofs: inout Set<Proof>) {
        let lowered = [UInt8](name).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
        guard lowered.count <= Self.longestName, lowered.allSatisfy({ HTTPGrammar.isToken($0) }) else { return }
        let text = String(decoding: lowered, as: UTF8.self)
        switch text {
        case "host":
            guard HostText(value) != nil else { return }
            let host = String(decoding: [UInt8](value), as: UTF8.self).lowercased()
            hosts.count((isDecrypted ? "https://" : "http://") + host)
        case "authorization":
            let word = [UInt8](value).prefix { $0 != 0x20 }
            let scheme = String(decoding: word, as: UTF8.self).lowercased()
            // What is no scheme that is known may be the secret itself.
            proofs.insert(Self.schemes.contains(scheme) ? .scheme(scheme) : .field(text))
        default:
            guard !Self.isOfEveryClient(text) else { return }
            if CredentialNames.credential(ofField: name.withUnsafeBytes { Array($0) }) != nil {
                proofs.insert(.field(text))
            } else {
                fields.count(text)
            }
        }
    }

    /// IANA's registry of HTTP authentication schemes, as of 2026.
    private static let schemes: Set<String> = [
        "basic", "bearer", "concealed", "digest", "dpop", "gnap", "hoba", "mutual", "negotiate", "oauth",
        "privatetoken",
        "scram-sha-1", "scram-sha-256", "vapid",
    ]

    /// It says nothing of the interface: of the connection (RFC 9110, section 7.6), of the client, of what a body is, of a trace.
    private static func isOfEveryClient(_ name: String) -> Bool {
        [
            "accept", "accept-charset", "accept-encoding", "accept-language", "baggage", "b3", "cache-control",
            "connection",
            "content-encoding", "content-length", "content-type", "cookie", "date", "dnt", "expect", "forwarded",
            "keep-alive",
            "origin", "pragma", "priority", "referer", "te", "traceparent", "tracestate", "trailer",
            "transfer-encoding",
            "uber-trace-id", "upgrade", "upgrade-insecure-requests", "user-agent", "via", "x-request-id",
        ].contains(name)
            || ["proxy-", "sec-", "x-forwarded-", "x-b3-", "x-envoy-", "x-amzn-trace", "x-cloud-trace"].contains {
                name.hasPrefix($0)
            }
    }
}

extension InterfaceFacts.Bodies {
    fileprivate mutating func see(_ message: borrowing Message) {
        messages &+= 1
        guard message.contentBytes > 0 else { return }
        bodies &+= 1
        media.count(Self.media(message))
    }

    private static func media(_ message: borrowing Message) -> String {
        let wire = message.wire.bytes
        for field in message.head.fields where HTTPGrammar.equal(wire, field.name.range, "content-type") {
            let value = [UInt8](wire.extracting(field.value)).prefix { $0 != 0x3B && $0 != 0x2C && $0 != 0x20 }
            let parts = value.split(separator: 0x2F, omittingEmptySubsequences: false)
            guard parts.count == 2, value.count <= 127,
                parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { HTTPGrammar.isToken($0) } })
            else { break }
            return String(decoding: value, as: UTF8.self).lowercased()
        }
        return "*/*"
    }
}
