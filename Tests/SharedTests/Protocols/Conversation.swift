import Testing

@testable import Shared

/// What both sides said, in the order in which they said it, and what it is.
struct Conversation: Sendable, CustomTestStringConvertible {
    enum Said: Sendable {
        case client([UInt8])
        case server([UInt8])

        static func client(_ text: String) -> Said { .client(Array(text.utf8)) }
        static func server(_ text: String) -> Said { .server(Array(text.utf8)) }
        static func client(hex: String) -> Said { .client([UInt8](hex: hex)) }
        static func server(hex: String) -> Said { .server([UInt8](hex: hex)) }

        var isClient: Bool {
            switch self {
            case .client: true
            case .server: false
            }
        }

        var bytes: [UInt8] {
            switch self {
            case .client(let bytes), .server(let bytes): bytes
            }
        }
    }

    /// What the nine protocols say.
    static let recorded = recordedDatabases + recordedCaches + recordedMessageBuses + recordedNameServices

    var name: String
    /// What Tapedeck has to say; `nil` for what it must not recognise.
    var verdict: ProtocolID?
    var isStreamStart: Bool
    var said: [Said]
    /// What the tape has to open it with.
    var secrets: [TLSSecret] = []

    init(_ name: String, _ verdict: ProtocolID?, isStreamStart: Bool = true, _ said: Said...) {
        self.name = name
        self.verdict = verdict
        self.isStreamStart = isStreamStart
        self.said = said
    }

    var testDescription: String { name }

    var client: [UInt8] { onlyClient().said.flatMap(\.bytes) }
    var server: [UInt8] { onlyServer().said.flatMap(\.bytes) }

    /// The two sides as far as they were heard, byte by byte: the last one is all.
    var prefixes: [(client: [UInt8], server: [UInt8])] {
        var heard: (client: [UInt8], server: [UInt8]) = ([], [])
        var prefixes = [heard]
        for said in said {
            for byte in said.bytes {
                if said.isClient { heard.client.append(byte) } else { heard.server.append(byte) }
                prefixes.append(heard)
            }
        }
        return prefixes
    }

    func onlyClient() -> Conversation { keeping { $0.isClient } }
    func onlyServer() -> Conversation { keeping { !$0.isClient } }

    private func keeping(_ isKept: (Said) -> Bool) -> Conversation {
        var copy = self
        copy.said = said.filter(isKept)
        return copy
    }
}

extension [UInt8] {
    /// Bytes from hexadecimal digits; blanks and line ends are skipped.
    init(hex: String) {
        let digits = hex.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue!) }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

/// What the registry's detectors say together: the rule of the pipeline.
enum Detectors {
    struct Answer: Equatable, CustomStringConvertible {
        var verdict: ProtocolID
        var evidence: Evidence

        var description: String { "\(verdict.name): \(evidence.reason)" }
    }

    /// The first detector that is sure, unless one before it waits; at the end nobody waits.
    static func judge(_ client: [UInt8], _ server: [UInt8], isStreamStart: Bool, isFinal: Bool) -> Answer? {
        let context = DetectionContext(isStreamStart: isStreamStart, isFinal: isFinal)
        for entry in Registry.standard.detectors {
            switch entry.detector.examine(client: client.span.bytes, server: server.span.bytes, context) {
            case .yes(let evidence): return Answer(verdict: entry.row, evidence: evidence)
            case .needMore where !isFinal: return nil
            case .needMore, .no: continue
            }
        }
        return nil
    }

    /// The verdict on a whole conversation, however it is cut.
    static func judge(_ conversation: Conversation, byteByByte: Bool = false) -> Answer? {
        let prefixes = byteByByte ? conversation.prefixes : conversation.prefixes.suffix(1)
        for heard in prefixes {
            let answer = judge(heard.client, heard.server, isStreamStart: conversation.isStreamStart, isFinal: false)
            if let answer { return answer }
        }
        return judge(
            conversation.client, conversation.server, isStreamStart: conversation.isStreamStart, isFinal: true)
    }
}
