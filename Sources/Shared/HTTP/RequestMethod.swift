/// What of a request's method decides about the response's framing.
enum RequestMethod: UInt8, Sendable, BitwiseCopyable {
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
