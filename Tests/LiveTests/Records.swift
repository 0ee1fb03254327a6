import Foundation
import TestSupport

/// A line of the event log.
struct LoggedEvent: Decodable {
    var timestamp: String
    var eventType: String
    var pid: Int32?
    var comm: String?
    var cmdline: String?
    var direction: String
    /// A Unix socket has neither address nor port.
    var sourceIp: String?
    var sourcePort: Int?
    var destIp: String?
    var destPort: Int?
    var peer: String?
    var bytes: Int?
    var method: String?
    var url: String?
    var statusCode: Int?
    var body: String?
    var bodyBase64: String?
    var rawPayload: String?
    var rawPayloadBase64: String?
    var truncated: Bool?
    var anomalies: [String]?
    var `protocol`: String?
    var confidence: Int?
    var sourceContainer: Container?
    var destinationContainer: Container?
    var destinationType: String?

    struct Container: Decodable, Equatable {
        var service: String
        var image: String
        var containerId: String
        var containerName: String
    }

    /// The message's bytes as they were on the wire.
    var payload: [UInt8] {
        rawPayload.map { Array($0.utf8) } ?? rawPayloadBase64.flatMap { Data(base64Encoded: $0) }.map { Array($0) }
            ?? []
    }
    var isRequest: Bool { eventType == "http" && statusCode == nil }
    var isResponse: Bool { eventType == "http" && statusCode != nil }
}

/// What the exerciser says that it moved over a connection.
struct Moved: Decodable {
    var role: String
    var pid: Int32
    var localIp: String
    var localPort: Int
    var remoteIp: String
    var remotePort: Int
    var sent: Int
    var sentCrc: UInt32
    var sentBlind: Int
    var received: Int
    var receivedCrc: UInt32
    var receivedBlind: Int
    var sendCalls: Int
    var interrupted: Int
    var wouldBlock: Int

    var total: Int { sent + received }
}

/// The summary, as `--json` has it.
struct RunSummary: Decodable {
    struct Connections: Decodable {
        var opened: Int
        var joinedLate: Int
        var byVerdict: [String: Int]
        var closed: [String: Int]
    }
    struct Messages: Decodable {
        var requests: Int
        var responses: Int
        var exchanges: Int
        var unansweredRequests: Int
    }
    struct Bytes: Decodable {
        var total: Int
        var parsed: Int
        var recognised: Int
        var gaps: [String: Int]
        var unparsed: [String: Int]
        var balanced: Bool
    }
    struct TLS: Decodable {
        struct Records: Decodable {
            var decrypted: Int
            var failed: Int?
        }
        var secrets: Int?
        var decrypted: Int?
        var closed: [String: Int]?
        var closedPrograms: [String: Int]?
        var records: Records?
    }
    var connections: Connections
    var messages: Messages
    var bytes: Bytes
    var anomalies: [String: Int]
    var lost: [String: Int]
    var limitsReached: [String: Int]
    var tls: TLS?
}

enum Records {
    static let decoder: JSONDecoder = {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }()

    static func lines<Line: Decodable>(_ type: Line.Type, _ text: String) throws -> [Line] {
        try text.split(separator: "\n").map { line in
            do { return try decoder.decode(type, from: Data(line.utf8)) } catch {
                throw Failed("no \(type): \(line.prefix(300)): \(error)")
            }
        }
    }
}

enum Checksum {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    /// CRC-32, as in the exerciser.
    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { $0 >> 8 ^ table[Int(($0 ^ UInt32($1)) & 0xFF)] }
    }
}
