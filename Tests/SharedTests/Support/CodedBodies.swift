import Foundation

/// `{"message":"hello"}` in each content coding, as the reference programs encode it.
enum CodedBodies {
    static let plain = #"{"message":"hello"}"#
    static let gzip = decode("H4sIAAAAAAACA6tWyk0tLk5MT1WyUspIzcnJV6oFAIxr2BETAAAA")
    static let zlib = decode("eJyrVspNLS5OTE9VslLKSM3JyVeqBQBDwga0")
    static let rawDeflate = decode("q1bKTS0uTkxPVbJSykjNyclXqgUA")
    /// 100,000 zeros without a wrapper, and without the end of a flushed block (RFC 7692, section 7.2.1).
    static let rawZeros = decode(
        "7MExAQAAAMKg9U9tDQ+gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgFcD"
    )
    static let brotli = decode("GxIA+KVFdPb6piSVbFIaLNNYQg4=")
    static let zstd = decode("KLUv/QRYmQAAeyJtZXNzYWdlIjoiaGVsbG8iffl9bw4=")
    static let gzipTwice = decode("H4sIAAAAAAACA5Pv5mAAASbm1WGnfHX1/Hz8QzcFnfI4e/Jk+CpWhp7sG4LCQGkAx7M9NCcAAAA=")
    static let gzipOfZlib = decode("H4sIAAAAAAACA6uYszrslK+unp+Pf+imoFMeZ0+eDF/FyuB8iG0LAJexZykbAAAA")
    /// Eight million blanks in fourteen bytes.
    static let brotliBomb = decode("m/8RevglQOKxQCA3QQ8=")

    private static func decode(_ text: String) -> [UInt8] { Data(base64Encoded: text).map { [UInt8]($0) } ?? [] }

    /// A 200 response with the body in a coding, framed by its length.
    static func response(_ coding: String, _ body: [UInt8]) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    }
}
