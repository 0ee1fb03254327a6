import Console

/// How the demo server is asked.
enum HTTPProtocol: String, CaseIterable, Sendable {
    case http1 = "http/1.1"
    /// With prior knowledge (RFC 9113, section 3.3).
    case http2 = "http/2"
    /// What has a body goes as a message; the rest goes over HTTP/1.1.
    case webSocket = "websocket"

    /// - Parameter text: names with commas between; `nil`: HTTP/1.1.
    static func list(_ text: String?) throws(Failure) -> [HTTPProtocol] {
        guard let text else { return [.http1] }
        return try text.split(separator: ",", omittingEmptySubsequences: false).map { name throws(Failure) in
            guard let one = HTTPProtocol(rawValue: String(name)) else {
                let names = allCases.map(\.rawValue).joined(separator: ", ")
                let what = name.isEmpty ? "an empty name" : name
                throw Failure("HTTP_PROTOCOLS \(text): \(what) is none; write some of \(names), with commas between")
            }
            return one
        }
    }
}
