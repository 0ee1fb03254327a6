import Testing

@testable import Shared

@Suite struct `Protocol detection` {
    static let known = Conversation.recorded + Conversation.written
    static let unknown = Conversation.recordedOthers + Conversation.lookAlikes

    @Test(arguments: ProtocolID.services)
    func `has a detector and a conversation for every service protocol`(_ service: ProtocolID) {
        // Or nothing but the name that TLS gives it.
        guard service.row.alpn.isEmpty || !service.row.detectors.isEmpty else { return }
        #expect(!service.row.detectors.isEmpty)
        #expect(Self.known.contains { $0.verdict == service })
    }

    @Test(arguments: known)
    func `recognises what a protocol's peers say`(_ conversation: Conversation) {
        #expect(Detectors.judge(conversation)?.verdict == conversation.verdict)
    }

    @Test(arguments: unknown)
    func `takes no other protocol for one of ours`(_ conversation: Conversation) {
        for isStreamStart in [true, false] {
            var heard = conversation
            heard.isStreamStart = isStreamStart
            #expect(Detectors.judge(heard) == nil)
            (heard.said, heard.name) = (heard.said.reversed(), "reversed")
            #expect(Detectors.judge(heard.client, heard.server, isStreamStart: isStreamStart, isFinal: true) == nil)
        }
    }

    @Test(arguments: unknown)
    func `takes one side of another protocol for nothing either`(_ conversation: Conversation) {
        for side in [conversation.onlyClient(), conversation.onlyServer()] {
            // An HTTP response is one, whatever the client that isn't heard would have said.
            if side.server.starts(with: Array("HTTP/1.1 ".utf8)) { continue }
            #expect(Detectors.judge(side) == nil)
        }
    }

    @Test(arguments: known + unknown)
    func `says the same byte by byte as all at once`(_ conversation: Conversation) {
        #expect(Detectors.judge(conversation, byteByByte: true) == Detectors.judge(conversation))
    }

    @Test(arguments: known + unknown)
    func `holds to what it said, whatever follows`(_ conversation: Conversation) {
        var random = SeededRandom(seed: UInt64(conversation.client.count &* 31 &+ conversation.server.count))
        let context = DetectionContext(isStreamStart: conversation.isStreamStart, isFinal: false)
        let prefixes = conversation.prefixes
        for heard in prefixes.count > 1000 ? Array(prefixes.prefix(500) + prefixes.suffix(50)) : prefixes {
            for detector in Registry.standard.detectors.map(\.detector) {
                let finding = detector.examine(
                    client: heard.client.span.bytes, server: heard.server.span.bytes, context)
                if finding == .needMore { continue }
                let client = heard.client + Self.continuation(of: heard.client, conversation.client, &random)
                let server = heard.server + Self.continuation(of: heard.server, conversation.server, &random)
                let later = detector.examine(client: client.span.bytes, server: server.span.bytes, context)
                #expect(later == finding, "\(detector) after \(heard.client.count) and \(heard.server.count) bytes")
            }
        }
    }

    /// What really came next, or anything else.
    private static func continuation(
        of heard: [UInt8], _ whole: [UInt8], _ random: inout SeededRandom
    ) -> [UInt8] {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: []
        case 1: random.bytes(Int.random(in: 1...40, using: &random))
        case 2: Array("\r\nHTTP/1.1 200 OK\r\n*1\r\n".utf8)
        default: Array(whole.dropFirst(heard.count))
        }
    }

    @Test(arguments: known)
    func `survives conversations that are cut anywhere or bent`(_ conversation: Conversation) {
        var random = SeededRandom(seed: 7)
        for heard in conversation.prefixes.prefix(700) {
            _ = Detectors.judge(heard.client, heard.server, isStreamStart: conversation.isStreamStart, isFinal: true)
        }
        for _ in 0..<200 {
            var (client, server) = (conversation.client.prefix(700), conversation.server.prefix(700))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                if let i = client.indices.randomElement(using: &random) {
                    client[i] ^= 1 << UInt8.random(in: 0...7, using: &random)
                }
                if let i = server.indices.randomElement(using: &random) {
                    server[i] = [0, 0x7F, 0xFF].randomElement(using: &random)!
                }
            }
            for isStreamStart in [true, false] {
                _ = Detectors.judge(Array(client), Array(server), isStreamStart: isStreamStart, isFinal: true)
            }
        }
    }

    @Test func `finds nothing in random bytes`() {
        var random = SeededRandom(seed: 2026)
        for round in 0..<4000 {
            let client = random.bytes(round % 10 == 0 ? Int.random(in: 0...4096, using: &random) : round % 97)
            let server = random.bytes(Int.random(in: 0...200, using: &random))
            for isStreamStart in [true, false] {
                let answer = Detectors.judge(client, server, isStreamStart: isStreamStart, isFinal: round % 2 == 0)
                #expect(answer == nil, "round \(round)")
            }
        }
    }

    @Test func `finds nothing in random lines`() {
        var random = SeededRandom(seed: 17)
        let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 +-*$:/{}\r\n".utf8)
        for round in 0..<4000 {
            let client = (0..<round % 211).map { _ in alphabet.randomElement(using: &random)! }
            let server = (0..<round % 53).map { _ in alphabet.randomElement(using: &random)! }
            #expect(
                Detectors.judge(client, server, isStreamStart: round % 2 == 0, isFinal: true) == nil, "round \(round)")
        }
    }

    @Test func `survives bytes that are often zero or all ones`() {
        var random = SeededRandom(seed: 99)
        let few: [UInt8] = [0, 0, 0, 1, 2, 3, 4, 8, 10, 16, 22, 0x7F, 0x80, 0xCE, 0xFF]
        for round in 0..<6000 {
            let client = (0..<round % 120).map { _ in few.randomElement(using: &random)! }
            let server = (0..<round % 61).map { _ in few.randomElement(using: &random)! }
            for isFinal in [true, false] {
                _ = Detectors.judge(client, server, isStreamStart: round % 2 == 0, isFinal: isFinal)
            }
        }
    }

    @Test func `doesn't wait for the server where the client's words are proof`() {
        for conversation in Conversation.services where !conversation.client.isEmpty && conversation.server.isEmpty {
            // What is only believed at the end of a one-sided capture.
            if conversation.name.contains("alone"), conversation.name.contains("ListOffsets") { continue }
            let answer = Detectors.judge(
                conversation.client, [], isStreamStart: conversation.isStreamStart, isFinal: false)
            #expect(answer?.verdict == conversation.verdict, "\(conversation.name)")
        }
    }
}
