import Testing

@testable import Shared

/// What the contract asks of every analyzer, on what its protocol really says (`Conversation`): the same results however
/// the streams are cut, whatever is missing; every byte accounted for; work and memory in proportion to the bytes.
@Suite struct `Every analyzer` {
    /// A conversation of each protocol, from the start and from the middle.
    static let conversations: [Conversation] = {
        var seen: [String: Int] = [:]
        return
            (Conversation.http + Conversation.http2 + Conversation.websocket + Conversation.prefixes
            + Conversation.recorded
            + Conversation.tls + [toy]).filter { conversation in
                guard let verdict = conversation.verdict, conversation.said.count > 1 else { return false }
                let key = "\(Registry.withToy[verdict].name) \(conversation.isStreamStart)"
                seen[key, default: 0] += 1
                return seen[key, default: 0] <= 2
            }
    }()

    private static let toy = Conversation(
        "toy", Registry.withToy.id(named: "toy"), .client("TOY 1 GET a\nTOY 2 GET b\n"),
        .server("TOY 2 VALUE 12\nsome content\nTOY 1 VALUE 0\n\n"), .client("TOY 3 GET a\n"),
        .server("TOY 3 VALUE 0\n\n"))

    /// The conversation on a tape, a millisecond a turn.
    private static func tape(_ conversation: Conversation, isSwapped: Bool = false, isLate: Bool = false) -> TapeBuilder
    {
        var tape = TapeBuilder()
        let (client, server) = (TapeBuilder.client, TapeBuilder.server())
        tape.open(
            local: isSwapped ? server : client, remote: isSwapped ? client : server,
            role: isLate ? .unknown : isSwapped ? .server : .client, joinedLate: isLate || !conversation.isStreamStart)
        for secret in conversation.secrets { tape.add(.secret(secret)) }
        for said in conversation.said {
            tape.wait(milliseconds: 1)
            tape.data(said.isClient == isSwapped ? .receive : .send, said.bytes)
        }
        tape.wait(milliseconds: 1)
        tape.close()
        return tape
    }

    private static func run(_ tape: TapeBuilder) -> (result: TapeResult, steps: UInt64, held: Int) {
        var options = Profiler.Options()
        options.registry = .withToy
        let profiler = Profiler(options)
        tape.play(into: profiler)
        let held = profiler.heldBytes
        profiler.finish()
        return (TapeResult(profiler), profiler.steps, held)
    }

    /// Pieces of a result that tell which of two differs; the whole is compared.
    private func expectSame(_ a: TapeResult, _ b: TapeResult, _ how: String, _ conversation: Conversation) {
        #expect(a.text == b.text, "\(conversation.name), \(how)")
        #expect(a.summary == b.summary, "\(conversation.name), \(how)")
        #expect(a.serviceMap == b.serviceMap, "\(conversation.name), \(how)")
    }

    /// Every byte is accounted for, and byte by byte the same is said.
    private func expectAccounted(_ tape: TapeBuilder, _ how: String, _ conversation: Conversation) {
        let result = Self.run(tape).result
        #expect(result.summary.bytes.isBalanced, "\(conversation.name), \(how)")
        expectSame(Self.run(tape.cut(every: 1)).result, result, "\(how), cut", conversation)
    }

    @Test func `has a conversation here`() {
        let covered = Set(Self.conversations.compactMap(\.verdict))
        // What nothing on the wire begins with is no connection's protocol.
        #expect(covered == Set(Registry.withToy.ids.filter { !Registry.withToy[$0].detectors.isEmpty }))
    }

    @Test(arguments: conversations)
    func `says the same however the streams are cut`(_ conversation: Conversation) {
        let tape = Self.tape(conversation)
        let whole = Self.run(tape).result
        #expect(whole.summary.bytes.isBalanced)
        expectSame(Self.run(tape.cut(every: 1)).result, whole, "one byte at a time", conversation)
        let step = max(1, tape.dataBytes / 400)
        for offset in stride(from: 1, to: tape.dataBytes, by: step) {
            expectSame(Self.run(tape.cut(at: offset)).result, whole, "cut at \(offset)", conversation)
        }
    }

    @Test(arguments: conversations)
    func `accounts for every byte, with a gap of any length at any byte`(_ conversation: Conversation) {
        let tape = Self.tape(conversation)
        let step = max(1, tape.dataBytes / 120)
        for offset in stride(from: 0, to: tape.dataBytes, by: step) {
            for length in [1, 7, 300, tape.dataBytes] {
                let holed = tape.losing(length, at: offset)
                let result = Self.run(holed).result
                #expect(result.summary.bytes.isBalanced, "\(conversation.name): \(length) lost at \(offset)")
                #expect(result.summary.bytes.total == UInt64(tape.dataBytes), "\(length) lost at \(offset)")
                #expect(result.isValidLog)
                expectSame(
                    Self.run(holed.cut(every: 1)).result, result, "\(length) lost at \(offset), cut", conversation)
            }
        }
    }

    /// As a FIN that was forged, or of another connection, has it: the side goes on.
    @Test(arguments: conversations)
    func `says the same however the streams are cut, where one goes on behind its end`(_ conversation: Conversation) {
        let tape = Self.tape(conversation)
        let step = max(1, tape.dataBytes / 120)
        for offset in stride(from: 1, to: tape.dataBytes, by: step) {
            expectAccounted(tape.ending(at: offset), "an end at \(offset)", conversation)
        }
    }

    @Test(arguments: conversations)
    func `accounts for every byte of every suffix`(_ conversation: Conversation) {
        let tape = Self.tape(conversation, isLate: true)
        let step = max(1, tape.dataBytes / 200)
        for offset in stride(from: 1, to: tape.dataBytes, by: step) {
            expectAccounted(tape.dropping(first: offset), "from \(offset)", conversation)
        }
    }

    @Test(arguments: conversations)
    func `says the same of both sides' views`(_ conversation: Conversation) throws {
        let client = Self.run(Self.tape(conversation)).result
        let server = Self.run(Self.tape(conversation, isSwapped: true)).result
        #expect(client.summary == server.summary)
        #expect(client.serviceMap == server.serviceMap)
        #expect(try client.events().map(\.brief) == server.events().map { Self.turned($0.brief) })
    }

    /// What one view has sent the other has received.
    private static func turned(_ brief: String) -> String {
        if brief.hasPrefix(">>") { return "<<" + brief.dropFirst(2) }
        return brief.hasPrefix("<<") ? ">>" + brief.dropFirst(2) : brief
    }

    @Test(arguments: conversations)
    func `takes steps and memory in proportion to the bytes`(_ conversation: Conversation) {
        let tape = Self.tape(conversation)
        let whole = Self.run(tape)
        let singles = Self.run(tape.cut(every: 1))
        let bytes = UInt64(tape.dataBytes)
        // Each byte may be asked about once, and each message may end a step.
        #expect(whole.steps <= 4 * bytes + 16, "\(whole.steps) steps for \(bytes) bytes")
        #expect(singles.steps <= 4 * bytes + 16, "\(singles.steps) steps for \(bytes) bytes")
        #expect(whole.held <= 2 * tape.dataBytes + 256 && singles.held <= 2 * tape.dataBytes + 256)
    }
}
