/// How long a body is (RFC 9112, section 6.3).
enum HTTPFraming: Equatable, Sendable {
    case none
    case length(UInt64)
    case chunked
    /// Until the connection is closed.
    case untilClose
    /// The head contradicts itself and nobody can tell: the next message has to be searched for.
    case undefined
    /// The connection is no HTTP connection any more (RFC 9110, sections 7.8 and 9.3.6).
    case switched

    /// The rules in the RFC's order.
    static func ofRequest(_ head: HTTP1Framing) -> HTTPFraming {
        if head.hasTransferEncoding { return head.isChunked ? .chunked : .undefined }
        switch head.contentLength {
        case .absent: return .none
        case .invalid: return .undefined
        case .bytes(let count): return count == 0 ? .none : .length(count)
        }
    }

    /// - Parameter request: what is known of the request's method.
    static func ofResponse(_ head: HTTP1Framing, status: UInt16, to request: RequestMethod) -> HTTPFraming {
        if status == 101 { return .switched }
        if request == .connect, status / 100 == 2 { return .switched }
        if request == .head || status / 100 == 1 || status == 204 || status == 304 { return .none }
        if head.hasTransferEncoding { return head.isChunked ? .chunked : .untilClose }
        switch head.contentLength {
        case .absent, .invalid: return .untilClose
        case .bytes(let count): return count == 0 ? .none : .length(count)
        }
    }

    /// The body is as long as it turns out to be.
    var isOpen: Bool { self == .chunked || self == .untilClose }

    /// How the end of the body will be known.
    var bodyLength: BodyLength {
        switch self {
        case .none: .none
        case .length(let count): .bytes(count)
        case .chunked: .marked
        case .untilClose, .undefined, .switched: .untilEnd
        }
    }
}
