import Console
import FoundationEssentials
import Hummingbird
import Stores
import Synchronization

/// Publishes a message for each request that was served.
final class RequestPublisher: Sendable {
    private let connection: NATSConnection
    private let lost = Atomic(0)

    init(url: String) throws(Failure) {
        let watch = StoreWatch(meanwhile: "requests are served, and their messages wait until it is there")
        do throws(StoreError) {
            connection = try NATSConnection(url: url, name: "demo-server") { change in
                switch change {
                case .connected(let store): watch.back(store)
                case .disconnected(let error): watch.away(error)
                }
            }
        } catch {
            throw Failure("NATS_URL \(error); write nats://HOST:PORT")
        }
    }

    func publish(_ record: RequestRecord) throws {
        let message = try record.json
        do throws(StoreError) {
            try connection.publish(message, to: RequestRecord.subject)
        } catch {
            if lost.add(1, ordering: .relaxed).oldValue == 0 {
                Terminal.complain("warning: messages are lost: \(error)")
            }
        }
    }

    /// Waits until the server has what was published.
    func finish() {
        do throws(StoreError) {
            try connection.flush(timeout: .seconds(2))
        } catch {
            Terminal.complain("warning: \(error); the messages that wait are lost")
        }
        let lost = lost.load(ordering: .relaxed)
        if lost > 0 { Terminal.complain("warning: \(lost) messages were lost") }
    }
}

/// Publishes each request when its answer is known.
struct PublishMiddleware<Context: RequestContext>: RouterMiddleware {
    let publisher: RequestPublisher

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        try publisher.publish(
            RequestRecord(request.method.rawValue, request.uri.path, status: response.status.code))
        return response
    }
}
