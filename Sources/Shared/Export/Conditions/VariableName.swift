/// What the name of an environment variable says of its value: `REDIS_HOST`, `DATABASE_URL`, `PGPASSWORD`.
struct VariableName: Equatable, Sendable {
    /// The words before those that say what it is, in capitals: of `ORDERS_DB_HOST`, `ORDERS` and `DB`.
    var stem: [String]
    /// `nil` where the name says nothing of that.
    var property: ConfigurationProperty?
    /// Stems by which other variables of the same thing may go: `ORDERS_DB_NAME` belongs to `ORDERS_DB_HOST`, and to `ORDERS_HOST`.
    var otherStem: [String]?

    init(_ name: String) {
        var words = name.uppercased().split { $0 == "_" || $0 == "-" || $0 == "." }.map(String.init)
        // libpq's are one word (PostgreSQL documentation, "Environment Variables"), and so are some platforms'.
        if words.count == 1, let start = Self.starts.first(where: { words[0].hasPrefix($0) }) {
            let end = String(words[0].dropFirst(start.count))
            if Self.properties[end] != nil { words = [start, end] }
        }
        stem = words
        guard let last = words.last else { return }
        let before = words.dropLast()
        if last == "NAME", let thing = before.last, thing == "DB" || thing == "DATABASE" {
            (property, stem, otherStem) = (.database, Array(before), Array(before.dropLast()))
        } else if last == "KEY", before.last == "API" {
            (property, stem) = (.token, Array(before.dropLast()))
        } else if last == "MODE", before.last == "SSL" || before.last == "TLS" {
            (property, stem) = (.tls, Array(before.dropLast()))
        } else if last == "NAME", before.last == "HOST" || before.last == "USER" {
            (property, stem) = (before.last == "HOST" ? .hostname : .username, Array(before.dropLast()))
        } else if let known = Self.properties[last] {
            (property, stem) = (known, Array(before))
        } else {
            return
        }
        // It says what kind of word the last one is, and nothing more.
        if property == .url || property == .hostname || property == .port, let word = stem.last,
            ["SERVICE", "BASE", "CONNECTION"].contains(word)
        {
            isBase = word == "BASE"
            stem.removeLast()
        }
    }

    /// A URL to which paths are appended.
    private(set) var isBase = false

    private static let properties: [String: ConfigurationProperty] = [
        "URL": .url, "URI": .url, "DSN": .url, "BASEURL": .baseUrl, "HOST": .hostname, "HOSTNAME": .hostname,
        "SERVER": .hostname, "ADDR": .hostname, "ADDRESS": .hostname, "ENDPOINT": .hostname, "IP": .hostname,
        "SERVICE": .hostname, "TARGET": .hostname, "UPSTREAM": .hostname, "BACKEND": .hostname, "PORT": .port,
        "USER": .username, "USERNAME": .username, "LOGIN": .username, "PASSWORD": .password, "PASS": .password,
        "PASSWD": .password, "PWD": .password, "DB": .database, "DATABASE": .database, "DBNAME": .database,
        "TOKEN": .token, "APIKEY": .token, "TLS": .tls, "SSL": .tls, "SSLMODE": .tls, "SCHEME": .scheme,
        "PROTOCOL": .scheme,
    ]
    private static let starts = ["PG", "MYSQL", "REDIS", "MONGO"]

    /// Not the application's: what the profiler reads, proxies, and what Docker's links and Kubernetes put into each
    /// environment for each service that there is (Kubernetes documentation, "Service").
    /// - Parameter others: the names of all variables of the process.
    static func isPlatforms(_ name: String, among others: some Collection<String>) -> Bool {
        if name.hasPrefix("ADI_PROFILE") || name.uppercased().hasSuffix("_PROXY") { return true }
        if name.contains(#/_PORT_[0-9]+_(TCP|UDP)(_(PROTO|PORT|ADDR))?$/#) { return true }
        guard let end = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"].first(where: { name.hasSuffix($0) }) else {
            return false
        }
        let link = name.dropLast(end.count) + "_PORT_"
        return others.contains { $0.hasPrefix(link) && $0.hasSuffix("_ADDR") }
    }

    /// As the vocabulary allows it: `[A-Za-z_][A-Za-z0-9_]*`.
    static func isDeclarable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !ASCII.isDigit(first) else { return false }
        return name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
    }
}
