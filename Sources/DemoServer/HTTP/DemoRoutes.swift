import FoundationEssentials
import Hummingbird
import NIOCore

/// The routes of the HTTP service.
enum DemoRoutes {
    /// Bytes of a body that /echo takes.
    static let bodyLimit = 1 << 20
    /// Milliseconds that /slow waits at most.
    static let longestDelay = 60_000
    private static let standardDelay = 500

    static func router(publisher: RequestPublisher?) -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        if let publisher { router.add(middleware: PublishMiddleware(publisher: publisher)) }
        router.add(middleware: RefusalMiddleware())
        router.get("/") { _, _ in
            try Response.json(["message": "Hello from Tapedeck's demo", "service": "demo-server"])
        }
        router.get("/healthz") { _, _ in try Response.json(["status": "ok"]) }
        router.post("/echo") { request, _ in try await echo(request) }
        router.get("/slow") { request, _ in try await slow(request) }
        // A connection's first request for it does not come here.
        router.get("\(WebSocketRoute.path)") { _, _ -> Response in throw WebSocketRoute.refusal }
        return router
    }

    private static func echo(_ request: Request) async throws -> Response {
        do {
            return .json(bytes: try echo(try await request.body.collect(upTo: bodyLimit)))
        } catch is NIOTooManyBytesError {
            throw Refusal(.contentTooLarge, "the body is longer than \(bodyLimit) bytes")
        } catch is DecodingError {
            throw Refusal(.badRequest, "the body is not JSON")
        }
    }

    /// Gives the JSON back byte for byte: numbers keep their digits, and keys their order.
    /// - Throws: where it is none.
    static func echo(_ json: ByteBuffer) throws -> ByteBuffer {
        _ = try JSONDecoder().decode(JSONValue.self, from: Data(json.readableBytesView))
        var answer = ByteBuffer(string: #"{"echo":"#)
        answer.writeImmutableBuffer(json)
        answer.writeString(#","timestamp":"\#(Date.now.formatted(.timestamp))"}"#)
        return answer
    }

    private static func slow(_ request: Request) async throws -> Response {
        let delay = try request.uri.queryParameters["ms"].map { text in
            guard let number = Int(text), (0...longestDelay).contains(number) else {
                throw Refusal(.badRequest, "ms is a number of milliseconds, 0 to \(longestDelay)")
            }
            return number
        }
        let waited = delay ?? standardDelay
        try await Task.sleep(for: .milliseconds(waited))
        return try .json(["waited_ms": waited])
    }
}

extension FormatStyle where Self == Date.ISO8601FormatStyle {
    /// RFC 3339, in UTC, with milliseconds.
    static var timestamp: Date.ISO8601FormatStyle { .init(includingFractionalSeconds: true) }
}
