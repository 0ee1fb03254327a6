private import CCodecs
private import CCurlOnDemand
import Console
import Glibc
package import Shared

/// One request of OTLP over HTTP, and what the endpoint said.
package enum OTLPPost {
    package enum Outcome: Equatable, Sendable {
        case taken(OTLPAnswer)
        /// It may be tried again; after so many seconds, where the endpoint has said so.
        case away(String, retryAfter: Int?)
        /// It will never be taken.
        case refused(Int)
    }

    /// An answer is a line or two.
    private static let longestAnswer = 64 << 10

    /// - Parameter timeout: milliseconds, where it is shorter than the endpoint's.
    package static func send(_ request: OTLPFile.Request, to endpoint: OTLPEndpoint, timeout: Int = .max) -> Outcome {
        guard let handle = curl_easy_init() else { return .away("no memory for a request", retryAfter: nil) }
        defer { curl_easy_cleanup(handle) }
        let body = request.body
        let packed = endpoint.isCompressed ? gzip(body) : nil
        var lines = ["Content-Type: application/json", "Expect:"] + endpoint.headers
        if packed != nil { lines.append("Content-Encoding: gzip") }
        let list = lines.reduce(nil) { curl_slist_append($0, $1) ?? $0 }
        defer { curl_slist_free_all(list) }
        _ = tapedeck_curl_text(handle, CURLOPT_URL, endpoint.url(request.signal))
        _ = tapedeck_curl_number(handle, CURLOPT_NOSIGNAL, 1)
        _ = tapedeck_curl_number(handle, CURLOPT_TIMEOUT_MS, min(timeout, endpoint.timeout))
        if endpoint.isDirect { _ = tapedeck_curl_text(handle, CURLOPT_PROXY, "") }
        _ = tapedeck_curl_number(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        _ = tapedeck_curl_headers(handle, list)
        _ = (packed ?? body).withUnsafeBytes { tapedeck_curl_post(handle, $0.baseAddress, $0.count) }
        let answer = Answer()
        _ = tapedeck_curl_body(
            handle,
            { bytes, size, count, context in
                guard let context, let bytes else { return 0 }
                let answer = Unmanaged<Answer>.fromOpaque(context).takeUnretainedValue()
                if answer.text.count < OTLPPost.longestAnswer {
                    answer.text.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: size * count))
                }
                return size * count
            }, Unmanaged.passUnretained(answer).toOpaque())
        _ = tapedeck_curl_header(
            handle,
            { bytes, size, count, context in
                guard let context, let bytes else { return 0 }
                let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self)
                if line.lowercased().hasPrefix("retry-after:") {
                    let seconds = Int(line.dropFirst(12).withoutOuterBlanks)
                    Unmanaged<Answer>.fromOpaque(context).takeUnretainedValue().retryAfter = seconds
                }
                return size * count
            }, Unmanaged.passUnretained(answer).toOpaque())
        let code = withExtendedLifetime(answer) { curl_easy_perform(handle) }
        guard code == CURLE_OK else { return .away(String(cString: curl_easy_strerror(code)), retryAfter: nil) }
        let status = tapedeck_curl_status(handle)
        switch status {
        case 200...299: return .taken(OTLPAnswer(answer.text))
        // As the protocol has it (OTLP/HTTP, "Retryable Response Codes").
        case 429, 502, 503, 504: return .away("HTTP status \(status)", retryAfter: answer.retryAfter)
        default: return .refused(status)
        }
    }

    /// What C hands over.
    private final class Answer {
        var text: [UInt8] = []
        var retryAfter: Int?
    }

    /// RFC 1952; `nil` where there is no memory for it.
    static func gzip(_ body: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        // 15 bits of window, and 16: with gzip's header; 8 is zlib's usual memory.
        let begun = deflateInit2_(
            &stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard begun == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        var packed = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(body.count))))
        var source = body
        let count: Int? = source.withUnsafeMutableBufferPointer { source in
            packed.withUnsafeMutableBufferPointer { room in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                return deflate(&stream, Z_FINISH) == Z_STREAM_END ? room.count - Int(stream.avail_out) : nil
            }
        }
        return count.map { Array(packed[..<$0]) }
    }
}
