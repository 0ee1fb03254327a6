/// Writes frames of HTTP/2 (RFC 9113) with header blocks whose fields are literals that change no table (RFC 7541, section
/// 6.2.2), or as told.
enum HTTP2Frames {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, stream: 0, [])

    static func frame(_ kind: UInt8, _ flags: UInt8 = 0, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), kind, flags] + big(stream)
            + payload
    }

    static func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * UInt32($0)) & 0xFF) } }

    /// An integer behind the high bits of its first byte (RFC 7541, section 5.1).
    static func integer(_ value: Int, bits: Int, _ high: UInt8 = 0) -> [UInt8] {
        let most = 1 << bits - 1
        guard value >= most else { return [high | UInt8(value)] }
        var (bytes, rest) = ([high | UInt8(most)], value - most)
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func text(_ text: String) -> [UInt8] { integer(text.utf8.count, bits: 7) + Array(text.utf8) }

    static func field(_ name: String, _ value: String) -> [UInt8] { [0] + text(name) + text(value) }

    /// The field, which the table keeps.
    static func kept(_ name: String, _ value: String) -> [UInt8] { [0x40] + text(name) + text(value) }

    /// The field that stands at this place of the table (RFC 7541, section 2.3.3: the newest at 62).
    static func indexed(_ place: Int) -> [UInt8] { integer(place, bits: 7, 0x80) }

    static func block(_ fields: KeyValuePairs<String, String>) -> [UInt8] { fields.flatMap { field($0.key, $0.value) } }

    static func request(_ path: String, _ method: String = "GET") -> [UInt8] {
        block([":method": method, ":scheme": "http", ":path": path, ":authority": "shop"])
    }

    static func headers(_ stream: UInt32, _ block: [UInt8], end: Bool = false) -> [UInt8] {
        frame(1, end ? 5 : 4, stream: stream, block)
    }

    static func get(_ stream: UInt32, _ path: String) -> [UInt8] { headers(stream, request(path), end: true) }

    static func data(_ stream: UInt32, _ text: String, end: Bool = false) -> [UInt8] {
        frame(0, end ? 1 : 0, stream: stream, Array(text.utf8))
    }

    static func answer(_ stream: UInt32, _ status: Int, _ body: String = "") -> [UInt8] {
        let head = headers(stream, block([":status": "\(status)"]), end: body.isEmpty)
        return body.isEmpty ? head : head + data(stream, body, end: true)
    }

    static func reset(_ stream: UInt32, _ code: UInt32) -> [UInt8] { frame(3, stream: stream, big(code)) }
}
