import FoundationEssentials
import Hummingbird

extension Response {
    /// A body of JSON with sorted keys, so that the same value is the same bytes.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return json(bytes: ByteBuffer(bytes: try encoder.encode(value)), status: status)
    }

    /// A body that is JSON already.
    static func json(bytes: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: bytes))
    }

    static func html(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// What a request that can't be served is told: `{"error":"…"}`.
struct Refusal: Error, Encodable {
    let status: HTTPResponse.Status
    let error: String

    init(_ status: HTTPResponse.Status, _ error: String) {
        self.status = status
        self.error = error
    }

    private enum CodingKeys: CodingKey { case error }
}

/// Turns everything that a route throws, and routes that aren't there, into JSON.
struct RefusalMiddleware<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let refusal: Refusal
        do {
            return try await next(request, context)
        } catch let error as Refusal {
            refusal = error
        } catch let error as any HTTPResponseError {
            refusal = Refusal(error.status, error.status.reasonPhrase)
        }
        return try .json(refusal, status: refusal.status)
    }
}
