/// How long a body is (RFC 9112, section 6.3).
package enum HTTPFraming: Equatable, Sendable {
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
    package static func ofRequest(_ head: borrowing HTTPHead) -> HTTPFraming {
        if head.hasTransferEncoding { return head.isChunked ? .chunked : .undefined }
        switch head.contentLength {
        case .absent: return .none
        case .invalid: return .undefined
        case .bytes(let count): return count == 0 ? .none : .length(count)
        }
    }

    /// - Parameter request: what is known of the request's method.
    package static func ofResponse(_ head: borrowing HTTPHead, to request: RequestMethod) -> HTTPFraming {
        let status = head.status
        if status == 101 { return .switched }
        if request == .connect, status / 100 == 2 { return .switched }
        if request == .head || status / 100 == 1 || status == 204 || status == 304 { return .none }
        if head.hasTransferEncoding { return head.isChunked ? .chunked : .untilClose }
        switch head.contentLength {
        case .absent, .invalid: return .untilClose
        case .bytes(let count): return count == 0 ? .none : .length(count)
        }
    }
}

/// What of a request's method decides about the response's framing.
package enum RequestMethod: UInt8, Sendable {
    case unknown, head, connect, other

    init(_ bytes: RawSpan, _ method: Range<Int>) {
        if bytes.has("HEAD", at: method.lowerBound), method.count == 4 {
            self = .head
        } else if bytes.has("CONNECT", at: method.lowerBound), method.count == 7 {
            self = .connect
        } else {
            self = .other
        }
    }
}
