private import CCurlOnDemand
package import Console
package import Shared

/// Where telemetry is sent, and how (specification: "OpenTelemetry Protocol Exporter").
package struct OTLPEndpoint: Sendable {
    /// The URLs of what takes each signal.
    package var metrics: String
    package var traces: String
    package var logs: String
    /// Lines `name: value`.
    package var headers: [String] = []
    /// For one attempt, milliseconds.
    package var timeout = 10_000
    package var isCompressed = true
    /// It is spoken to without a proxy, whatever the environment says.
    package var isDirect = false
    package var resource = OTLPFile.Resource()

    /// - Parameters:
    ///   - base: what the paths of the signals are put behind: `http://127.0.0.1:4318`.
    ///   - name: of the setting, for errors.
    /// - Throws: where it is no URL of HTTP, or nothing can be sent from this machine.
    package init(_ base: String, _ name: String) throws(Failure) {
        let base = try Self.checked(base, name)
        guard !base.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Failure(
                "\(name) \(Self.shown(base)): has a query; the paths of signals are put behind it: leave it out")
        }
        if let fault = tapedeck_curl_fault() { throw Failure("\(name): \(String(cString: fault))") }
        let root = base.hasSuffix("/") ? String(base.dropLast()) : base
        metrics = root + OTLPFile.Signal.metrics.path
        traces = root + OTLPFile.Signal.traces.path
        logs = root + OTLPFile.Signal.logs.path
    }

    package func url(_ signal: OTLPFile.Signal) -> String {
        switch signal {
        case .metrics: metrics
        case .traces: traces
        case .logs: logs
        }
    }

    /// A URL for people: without the name and the password that it may have.
    package static func shown(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return url }
        return "\(url[..<scheme.upperBound])…\(rest[at...])"
    }

    // MARK: Settings

    /// - Parameter text: `name=value`.
    package mutating func addHeader(_ text: Substring, _ name: String) throws(Failure) {
        let (key, value) = try Self.pair(text, name)
        // RFC 9110, section 5.6.2: a token.
        guard key.utf8.allSatisfy({ 0x21...0x7E ~= $0 && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0) }) else {
            throw Failure("\(name): \(key) is no name of a header")
        }
        headers.append("\(key): \(value)")
    }

    /// - Parameter text: milliseconds.
    package mutating func setTimeout(_ text: String, _ name: String) throws(Failure) {
        guard let milliseconds = Int(text), 1...600_000 ~= milliseconds else {
            throw Failure("\(name) \(text): write milliseconds, 1 to 600000")
        }
        timeout = milliseconds
    }

    package mutating func setCompression(_ text: String, _ name: String) throws(Failure) {
        switch text {
        case "gzip": isCompressed = true
        case "none": isCompressed = false
        default: throw Failure("\(name) \(text): is not known; write gzip or none")
        }
    }

    fileprivate static func checked(_ url: String, _ name: String) throws(Failure) -> String {
        guard url.hasPrefix("http://") || url.hasPrefix("https://"), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw Failure(
                "\(name) \(shown(url)): is no URL of HTTP, by which OTLP goes here; write http://127.0.0.1:4318")
        }
        return url
    }

    fileprivate static func pair(_ text: Substring, _ name: String) throws(Failure) -> (key: String, value: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw Failure("\(name): write key=value")
        }
        let key = text[..<equals].withoutOuterBlanks
        let value = text[text.index(after: equals)...].withoutOuterBlanks
        guard !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }), !key.utf8.contains(where: { $0 < 0x20 }) else {
            throw Failure("\(name): a key or value has control characters")
        }
        return (key, value)
    }
}

extension OTLPFile.Resource {
    /// `service.name` is the name of what is Tapedeck's own: of all else the map knows it.
    /// - Parameters:
    ///   - text: `key=value`.
    ///   - name: of the setting, for errors.
    package mutating func add(_ text: Substring, _ name: String) throws(Failure) {
        let (key, value) = try OTLPEndpoint.pair(text, name)
        if key == "service.name" { ownService = value } else { attributes.append((key, value)) }
    }
}

// MARK: - OpenTelemetry's variables

extension OTLPEndpoint {
    /// What an option has given, and for the rest what the environment says.
    /// - Parameters:
    ///   - url: that the option has given; it says all of where.
    ///   - option: its name.
    ///   - variable: of the environment; `nil` where it is not set, or empty.
    /// - Returns: `nil`: nothing is sent.
    package init?(_ url: String?, option: String, _ variable: (String) -> String?) throws(Failure) {
        let prefix = "OTEL_EXPORTER_OTLP_"
        let base = url.map { (option, $0) } ?? variable("\(prefix)ENDPOINT").map { ("\(prefix)ENDPOINT", $0) }
        guard let (name, text) = base else { return nil }
        try self.init(text, name)
        func own(_ signal: OTLPFile.Signal) throws(Failure) -> String? {
            let name = "\(prefix)\(signal.rawValue.uppercased())_ENDPOINT"
            guard url == nil, let text = variable(name) else { return nil }
            return try Self.checked(text, name)
        }
        metrics = try own(.metrics) ?? metrics
        traces = try own(.traces) ?? traces
        logs = try own(.logs) ?? logs
        for text in Self.list(variable("\(prefix)HEADERS")) { try addHeader(text[...], "\(prefix)HEADERS") }
        for text in Self.list(variable("OTEL_RESOURCE_ATTRIBUTES")) {
            try resource.add(text[...], "OTEL_RESOURCE_ATTRIBUTES")
        }
        if let name = variable("OTEL_SERVICE_NAME") { resource.ownService = name }
        if let text = variable("\(prefix)TIMEOUT") { try setTimeout(text, "\(prefix)TIMEOUT") }
        if let text = variable("\(prefix)COMPRESSION") { try setCompression(text, "\(prefix)COMPRESSION") }
        if let form = variable("\(prefix)PROTOCOL"), form != "http/json" {
            throw Failure(
                "\(prefix)PROTOCOL \(form): is not spoken; write http/json, which is taken where http/protobuf is")
        }
    }

    /// `key=value,key2=value2` without %-escapes (W3C Baggage, as the variables have it).
    private static func list(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { part in
            let (key, value) = part.firstIndex(of: "=").map { (part[..<$0], part[$0...]) } ?? (part, "")
            return key + unescaped(value)
        }
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        let source = Array(text.utf8)
        var at = 0
        while at < source.count {
            if source[at] == 0x25, at + 2 < source.count,
                let byte = UInt8(String(decoding: source[(at + 1)...(at + 2)], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                at += 3
            } else {
                bytes.append(source[at])
                at += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
