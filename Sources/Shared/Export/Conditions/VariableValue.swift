/// What the value of an environment variable says of somebody: a host, a port, both, or a URL.
///
/// It is read to be compared with where traffic went, and dropped.
enum VariableValue: Equatable {
    case host(String)
    case port(UInt16)
    /// As `reviews:9080` has it.
    case place(Authority)
    case url(scheme: String, [Authority], hasPassword: Bool)

    struct Authority: Equatable {
        var host: String
        var port: UInt16?
    }

    /// - Returns: `nil` for what is none of these.
    init?(_ value: String) {
        let bytes = Array(value.utf8)
        guard !bytes.isEmpty, bytes.count <= 4096, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        if bytes.allSatisfy(ASCII.isDigit) {
            guard let port = UInt16(value), port > 0 else { return nil }
            self = .port(port)
            return
        }
        if let mark = value.firstRange(of: "://") {
            guard let url = Self.url(value, mark) else { return nil }
            self = url
            return
        }
        guard let authority = Self.authority(value[...]) else { return nil }
        self = authority.port == nil ? .host(authority.host) : .place(authority)
    }

    private static func url(_ value: String, _ mark: Range<String.Index>) -> VariableValue? {
        // JDBC writes its own scheme before the driver's.
        var scheme = value[..<mark.lowerBound].lowercased()
        if scheme.hasPrefix("jdbc:") { scheme.removeFirst(5) }
        // A driver's name: postgresql+psycopg, mongodb+srv.
        let name = scheme.prefix { $0 != "+" }
        guard !name.isEmpty, name.utf8.allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) }) else { return nil }
        let rest = value[mark.upperBound...]
        var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        var hasPassword = false
        if let at = authority.lastIndex(of: "@") {
            // What stands there without a colon may be a token.
            hasPassword = authority[..<at].contains(":") || scheme == "http" || scheme == "https"
            authority = authority[authority.index(after: at)...]
        }
        let places = authority.split(separator: ",")
        let hosts = places.compactMap { Self.authority($0) }
        // One that is none makes the whole no URL.
        guard !hosts.isEmpty, hosts.count == places.count else { return nil }
        return .url(scheme: String(name), hosts, hasPassword: hasPassword)
    }

    /// A host with or without a port (RFC 3986, section 3.2).
    private static func authority(_ text: Substring) -> Authority? {
        var (host, rest) = (text, Substring())
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard host.contains(":") else { return nil }
        } else if let colon = text.firstIndex(of: ":"), colon == text.lastIndex(of: ":") {
            (host, rest) = (text[..<colon], text[colon...])
        }
        let isName = host.utf8.allSatisfy {
            ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
                || $0 == UInt8(ascii: "_")
        }
        guard !host.isEmpty, isName || IPAddress(host) != nil else { return nil }
        guard !rest.isEmpty else { return Authority(host: host.lowercased(), port: nil) }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return Authority(host: host.lowercased(), port: port)
    }

    /// The ports of schemes that have one (IANA's registries, and the products' manuals).
    static let ports: [String: UInt16] = [
        "http": 80, "https": 443, "ws": 80, "wss": 443, "postgres": 5432, "postgresql": 5432, "mysql": 3306,
        "mariadb": 3306, "mongodb": 27017, "sqlserver": 1433, "mssql": 1433, "redis": 6379, "rediss": 6379,
        "memcached": 11211, "nats": 4222, "tls": 4222, "amqp": 5672, "amqps": 5671, "kafka": 9092,
    ]
}
