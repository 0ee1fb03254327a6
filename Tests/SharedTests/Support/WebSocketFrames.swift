/// Writes frames of WebSocket (RFC 6455, section 5.2).
enum WebSocketFrames {
    /// RFC 6455, section 5.7.
    static let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    static func frame(
        _ opcode: UInt8, _ payload: [UInt8], isClient: Bool, isFinal: Bool = true, marks: UInt8 = 0,
        key: [UInt8] = key
    ) -> [UInt8] {
        let first = (isFinal ? 0x80 : 0) | marks | opcode
        let mask: UInt8 = isClient ? 0x80 : 0
        let count = payload.count
        var bytes: [UInt8] = [first]
        if count < 126 {
            bytes.append(mask | UInt8(count))
        } else if count < 1 << 16 {
            bytes += [mask | 126, UInt8(count >> 8), UInt8(count & 0xFF)]
        } else {
            bytes.append(mask | 127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
        }
        guard isClient else { return bytes + payload }
        return bytes + key + payload.enumerated().map { $0.element ^ key[$0.offset % 4] }
    }

    static func client(_ text: String) -> [UInt8] { frame(1, Array(text.utf8), isClient: true) }
    static func server(_ text: String) -> [UInt8] { frame(1, Array(text.utf8), isClient: false) }
}
