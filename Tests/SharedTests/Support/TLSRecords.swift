@testable import Shared

/// Records of TLS 1.2 as both sides make them who have agreed on a suite that encrypts nothing (TLS_RSA_WITH_NULL_SHA256: RFC
/// 5246, appendix C): whatever is in them, their MAC is right, so that it gets as far as what it would be.
struct TLSRecords {
    static let random = [UInt8](repeating: 0xC1, count: 32)
    private static let serverRandom = [UInt8](repeating: 0x5E, count: 32)
    private static let master = [UInt8](repeating: 0x4D, count: 48)
    private static let suite: [UInt8] = [0x00, 0x3B]

    /// What opens them.
    static let secret = TLSSecret(label: "CLIENT_RANDOM", clientRandom: random, secret: master)!

    private var sequence: (client: UInt64, server: UInt64) = (0, 0)
    private let keys: (client: [UInt8], server: [UInt8])

    init() {
        let block = TLSDigest.pseudorandom(
            Self.master, "key expansion", Self.serverRandom + Self.random, 64, .sha256)
        keys = (Array(block[..<32]), Array(block[32...]))
    }

    // MARK: In the clear

    /// - Parameter alpn: the application protocol that both want.
    static func clientHello(alpn: String? = nil) -> [UInt8] {
        record(22, message(1, [3, 3] + random + [0, 0, 2] + suite + [1, 0] + extensions(alpn)))
    }

    static func serverHello(alpn: String? = nil) -> [UInt8] {
        record(22, message(2, [3, 3] + serverRandom + [0] + suite + [0] + extensions(alpn)))
    }

    static let changeCipherSpec = record(20, [1])

    static func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        [type, UInt8(body.count >> 16), UInt8(body.count >> 8 & 0xFF), UInt8(body.count & 0xFF)] + body
    }

    static func record(_ type: UInt8, _ payload: [UInt8]) -> [UInt8] { [type, 3, 3] + short(payload.count) + payload }

    private static func extensions(_ alpn: String?) -> [UInt8] {
        guard let alpn else { return [0, 0] }
        let name = [UInt8(alpn.utf8.count)] + Array(alpn.utf8)
        let field = [0, 16] + short(name.count + 2) + short(name.count) + name
        return short(field.count) + field
    }

    private static func short(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)] }

    // MARK: Protected

    /// The next record of a side.
    mutating func protected(_ type: UInt8, _ content: [UInt8], isClient: Bool) -> [UInt8] {
        let number = isClient ? sequence.client : sequence.server
        if isClient { sequence.client += 1 } else { sequence.server += 1 }
        let counted = (0..<8).map { UInt8(number >> UInt64(56 - 8 * $0) & 0xFF) }
        let authenticated = counted + [type, 3, 3] + Self.short(content.count) + content
        return Self.record(type, content + TLSDigest.sha256.hmac(isClient ? keys.client : keys.server, authenticated))
    }

    mutating func data(_ text: String, isClient: Bool) -> [UInt8] {
        protected(23, Array(text.utf8), isClient: isClient)
    }

    mutating func finished(isClient: Bool) -> [UInt8] {
        Self.changeCipherSpec
            + protected(22, Self.message(20, [UInt8](repeating: 7, count: 12)), isClient: isClient)
    }
}
