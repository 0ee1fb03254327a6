private import CCurlOnDemand
import Console
import FoundationEssentials

/// A server that speaks HTTP on a Unix socket.
struct UnixHTTP {
    let socket: String

    struct Request {
        var path: String
        /// Lines `name: value`.
        var headers: [String] = []
        /// What is posted; `nil`: the request is a GET.
        var body: Data?
        /// HTTP/2 from the first byte on, without asking for it.
        var isHTTP2 = false
        /// Seconds; 0 for none.
        var timeout = 10
    }

    /// What becomes of an answer, in the order in which it comes; the first error ends it.
    struct Receiver {
        /// A line `name: value` before the body, or after it.
        var header: (String) throws -> Void = { _ in }
        /// - Returns: whether more is wanted.
        var body: (Data) throws -> Bool
        /// Called about once a second while the answer lasts.
        var tick: () throws -> Void = {}
    }

    enum Failure: Error, CustomStringConvertible {
        /// An HTTP status of 400 or more.
        case refused(Int)
        case unanswered(String)

        var description: String {
            switch self {
            case .refused(let status): "HTTP status \(status)"
            case .unanswered(let reason): reason
            }
        }
    }

    /// A list of 2,000 containers is 4 MB.
    private static let largestAnswer = 64 << 20
    /// To connect, seconds.
    private static let patience = 10

    /// - Throws: `Failure`.
    func get(_ path: String) throws -> Data { try answer(to: Request(path: path)) }

    /// - Returns: the whole body.
    /// - Throws: `Failure`, or the error of `header`.
    func answer(to request: Request, header: @escaping (String) throws -> Void = { _ in }) throws -> Data {
        var answer = Data()
        try perform(
            request,
            Receiver(
                header: header,
                body: { bytes in
                    answer += bytes
                    guard answer.count <= Self.largestAnswer else {
                        throw Failure.unanswered("an answer of more than \(Self.largestAnswer >> 20) MiB")
                    }
                    return true
                }))
        return answer
    }

    /// Sends a request and gives the answer on, until it ends or is not wanted any more.
    /// - Throws: `Failure`, or the receiver's error.
    func perform(_ request: Request, _ receiver: Receiver) throws {
        if let fault = tapedeck_curl_fault() { throw Failure.unanswered(String(cString: fault)) }
        guard let handle = curl_easy_init() else { throw Failure.unanswered("no memory for a request") }
        defer { curl_easy_cleanup(handle) }
        _ = tapedeck_curl_text(handle, CURLOPT_UNIX_SOCKET_PATH, socket)
        _ = tapedeck_curl_text(handle, CURLOPT_URL, "http://localhost\(request.path)")
        _ = tapedeck_curl_number(handle, CURLOPT_NOSIGNAL, 1)
        _ = tapedeck_curl_number(handle, CURLOPT_FAILONERROR, 1)
        _ = tapedeck_curl_number(handle, CURLOPT_CONNECTTIMEOUT, Self.patience)
        _ = tapedeck_curl_number(handle, CURLOPT_TIMEOUT, request.timeout)
        let version = request.isHTTP2 ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : CURL_HTTP_VERSION_1_1
        _ = tapedeck_curl_number(handle, CURLOPT_HTTP_VERSION, Int(version))
        if let body = request.body {
            _ = body.withUnsafeBytes { tapedeck_curl_post(handle, $0.baseAddress, $0.count) }
        }
        let headers = request.headers.reduce(nil) { curl_slist_append($0, $1) ?? $0 }
        defer { curl_slist_free_all(headers) }
        _ = tapedeck_curl_headers(handle, headers)

        let exchange = Exchange(receiver)
        listen(handle, Unmanaged.passUnretained(exchange).toOpaque())
        let code = withExtendedLifetime(exchange) { curl_easy_perform(handle) }
        if let error = exchange.error { throw error }
        guard code != CURLE_OK, !exchange.hasEnough else { return }
        if code == CURLE_HTTP_RETURNED_ERROR { throw Failure.refused(tapedeck_curl_status(handle)) }
        throw Failure.unanswered(String(cString: curl_easy_strerror(code)))
    }

    private func listen(_ handle: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer) {
        _ = tapedeck_curl_body(
            handle,
            { bytes, size, count, context in
                guard let bytes, let exchange = Exchange.at(context) else { return 0 }
                return exchange.takes { try $0.body(Data(bytes: bytes, count: size * count)) } ? size * count : 0
            }, context)
        _ = tapedeck_curl_header(
            handle,
            { bytes, size, count, context in
                guard let bytes, let exchange = Exchange.at(context) else { return 0 }
                let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self)
                let isTaken = exchange.takes {
                    try $0.header(line.withoutOuterBlanks)
                    return true
                }
                return isTaken ? size * count : 0
            }, context)
        _ = tapedeck_curl_progress(
            handle,
            { context, _, _, _, _ in
                let isGoingOn = Exchange.at(context)?.takes {
                    try $0.tick()
                    return true
                }
                return isGoingOn == true ? 0 : 1
            }, context)
        _ = tapedeck_curl_number(handle, CURLOPT_NOPROGRESS, 0)
    }

    /// The receiver, where C calls it, and why it wants no more.
    private final class Exchange {
        private let receiver: Receiver
        private(set) var error: (any Error)?
        private(set) var hasEnough = false

        init(_ receiver: Receiver) { self.receiver = receiver }

        static func at(_ context: UnsafeMutableRawPointer?) -> Exchange? {
            context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
        }

        func takes(_ give: (Receiver) throws -> Bool) -> Bool {
            do {
                hasEnough = try !give(receiver)
                return !hasEnough
            } catch {
                self.error = error
                return false
            }
        }
    }
}
