import Console
import FoundationEssentials
import Hummingbird
import NIOSSL

/// Another service of Bookinfo, and where it is.
struct Upstream: Sendable {
    let name: String
    let host: String
    let port: UInt16
    /// `nil`: it is asked over HTTP.
    let tls: NIOSSLContext?

    /// Where the variables of the public demo say that it is: NAME_HOSTNAME, SERVICES_DOMAIN, NAME_SERVICE_PORT.
    static func of(_ name: String, tls: NIOSSLContext?) throws(Failure) -> Upstream {
        let upper = name.uppercased()
        let host = Terminal.environment("\(upper)_HOSTNAME") ?? name
        let domain = Terminal.environment("SERVICES_DOMAIN").flatMap { $0.isEmpty ? nil : ".\($0)" } ?? ""
        return Upstream(
            name: name, host: host + domain,
            port: try Setting("", "\(upper)_SERVICE_PORT").port(nil, default: 9080), tls: tls)
    }

    /// What every service hands on, so that a trace stays one trace and a user a user.
    private static let forwarded: Set = [
        "x-request-id", "traceparent", "tracestate", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid",
        "x-b3-sampled", "x-b3-flags", "x-ot-span-context", "end-user", "user-agent", "cookie", "authorization",
    ]

    /// `GET /NAME/ID`, with what is to be handed on from a request.
    ///
    /// - Returns: the status and the body; `nil` where no answer came in time.
    func get(_ id: Int, for request: Request, timeout: Duration = .seconds(3)) async -> (status: Int, body: ByteBuffer)?
    {
        let fields = request.headers.filter { Self.forwarded.contains($0.name.canonicalName) }
            .map { ($0.name.canonicalName, $0.value) }
        return try? await HTTPGet(host: host, port: port, path: "/\(name)/\(id)", fields: fields, tls: tls)
            .run(timeout: timeout)
    }
}
