/// How a body is encoded (RFC 9110, section 8.4.1).
package enum ContentCoding: Equatable, Sendable {
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
        if HTTPGrammar.equal(bytes, name, "identity") {
            self = .identity
        } else if HTTPGrammar.equal(bytes, name, "gzip") || HTTPGrammar.equal(bytes, name, "x-gzip") {
            self = .gzip
        } else if HTTPGrammar.equal(bytes, name, "deflate") {
            self = .deflate
        } else if HTTPGrammar.equal(bytes, name, "br") {
            self = .brotli
        } else if HTTPGrammar.equal(bytes, name, "zstd") {
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
