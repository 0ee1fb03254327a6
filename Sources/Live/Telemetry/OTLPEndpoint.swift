import Console
import Glibc

/// Where telemetry is sent, and how, as OpenTelemetry's variables say it (specification: "OpenTelemetry Protocol Exporter").
struct OTLPEndpoint: Equatable, Sendable {
    static let option = "--otlp"

    /// By signal.
    var metrics: String
    var traces: String
    var logs: String
    /// Lines `name: value`.
    var headers: [String] = []
    /// For one attempt, milliseconds.
    var timeout = 10_000
    var isCompressed = true
    /// Of all resources, beside the service's name.
    var resource: [(String, String)] = []
    /// Of what is Tapedeck's own.
    var ownService: String?

    static func == (a: OTLPEndpoint, b: OTLPEndpoint) -> Bool {
        a.urls == b.urls && a.headers == b.headers && a.timeout == b.timeout && a.isCompressed == b.isCompressed
            && a.resource.map { [$0, $1] } == b.resource.map { [$0, $1] } && a.ownService == b.ownService
    }

    private var urls: [String] { [metrics, traces, logs] }

    /// - Parameters:
    ///   - url: that an option has given.
    ///   - variable: of the environment; `nil` where it is not set, or empty.
    /// - Returns: `nil`: nothing is sent.
    init?(_ url: String?, _ variable: (String) -> String?) throws(Failure) {
        let prefix = "OTEL_EXPORTER_OTLP_"
        let base = url.map { (Self.option, $0) } ?? variable("\(prefix)ENDPOINT").map { ("\(prefix)ENDPOINT", $0) }
        guard let (name, text) = base else { return nil }
        let endpoint = try Self.checked(text, name)
        let root = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        func own(_ signal: String) throws(Failure) -> String {
            let name = "\(prefix)\(signal.uppercased())_ENDPOINT"
            // An option says all of it.
            guard url == nil, let text = variable(name) else { return "\(root)/v1/\(signal)" }
            return try Self.checked(text, name)
        }
        (metrics, traces, logs) = (try own("metrics"), try own("traces"), try own("logs"))
        headers = try Self.pairs(variable("\(prefix)HEADERS"), "\(prefix)HEADERS").map { "\($0): \($1)" }
        resource = try Self.pairs(variable("OTEL_RESOURCE_ATTRIBUTES"), "OTEL_RESOURCE_ATTRIBUTES")
            .filter { $0.0 != "service.name" }
        ownService = variable("OTEL_SERVICE_NAME")
        if let text = variable("\(prefix)TIMEOUT") {
            guard let milliseconds = Int(text), 1...600_000 ~= milliseconds else {
                throw Failure("\(prefix)TIMEOUT \(text): write milliseconds, 1 to 600000")
            }
            timeout = milliseconds
        }
        switch variable("\(prefix)COMPRESSION") {
        case nil, "gzip"?: isCompressed = true
        case "none"?: isCompressed = false
        case let other?: throw Failure("\(prefix)COMPRESSION \(other): is not known; write gzip or none")
        }
        if let form = variable("\(prefix)PROTOCOL"), form != "http/json" {
            throw Failure(
                "\(prefix)PROTOCOL \(form): is not spoken; write http/json, which is taken where http/protobuf is")
        }
    }

    private static func checked(_ url: String, _ name: String) throws(Failure) -> String {
        guard url.hasPrefix("http://") || url.hasPrefix("https://"), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw Failure("\(name) \(url): is no URL; write http://127.0.0.1:4318") }
        return url
    }

    /// `key=value,key2=value2`, values with %-escapes (W3C Baggage, as the variables have it).
    private static func pairs(_ text: String?, _ name: String) throws(Failure) -> [(String, String)] {
        var pairs: [(String, String)] = []
        for part in (text ?? "").split(separator: ",") {
            guard let equals = part.firstIndex(of: "="), equals != part.startIndex else {
                throw Failure("\(name): write key=value, with a comma between two")
            }
            let value = unescaped(part[part.index(after: equals)...])
            let key = part[..<equals].withoutOuterBlanks
            guard !value.utf8.contains(where: { $0 < 0x20 }), !key.utf8.contains(where: { $0 < 0x20 }) else {
                throw Failure("\(name): a key or value has control characters")
            }
            pairs.append((key, value.withoutOuterBlanks))
        }
        return pairs
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
