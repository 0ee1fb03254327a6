/// How a body is encoded (RFC 9110, section 8.4.1).
enum ContentCoding: Equatable, Sendable {
    case identity
    /// RFC 1952.
    case gzip
    /// RFC 1950; what some servers call so is bare RFC 1951.
    case deflate
    /// RFC 7932.
    case brotli
    /// RFC 8878.
    case zstd
    /// Another coding, or several one over the other.
    case unknown

    init(_ bytes: RawSpan, _ name: Range<Int>) {
        if bytes.isWordIgnoringCase("IDENTITY", at: name) {
            self = .identity
        } else if bytes.isWordIgnoringCase("GZIP", at: name) || bytes.isWordIgnoringCase("X-GZIP", at: name) {
            self = .gzip
        } else if bytes.isWordIgnoringCase("DEFLATE", at: name) {
            self = .deflate
        } else if bytes.isWordIgnoringCase("BR", at: name) {
            self = .brotli
        } else if bytes.isWordIgnoringCase("ZSTD", at: name) {
            self = .zstd
        } else {
            self = .unknown
        }
    }

    /// Another coding is applied over this one.
    mutating func append(_ next: ContentCoding) {
        if self == .identity { self = next } else if next != .identity { self = .unknown }
    }
}
