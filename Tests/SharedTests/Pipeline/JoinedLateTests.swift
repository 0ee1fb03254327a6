import Testing

@testable import Shared

/// Where nobody knows who called, what is said decides who the client is, and not how it was cut.
@Suite struct `A connection joined late` {
    private func tape(_ said: [Conversation.Said], localIsClient: Bool) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open(remote: TapeBuilder.server(4222), role: .unknown, joinedLate: true)
        for said in said { tape.data(said.isClient == localIsClient ? .send : .receive, said.bytes) }
        tape.close()
        return tape
    }

    @Test(arguments: `Protocol detection`.known + `Protocol detection`.unknown)
    func `is the same byte by byte as all at once`(_ conversation: Conversation) {
        for localIsClient in [true, false] {
            let tape = tape(conversation.said, localIsClient: localIsClient)
            let whole = tape.run()
            #expect(whole.summary.bytes.isBalanced)
            for cut in [1, 2, 3, 5] { #expect(tape.cut(every: cut).run() == whole, "cut every \(cut)") }
        }
    }

    /// `PUB` alone may be a server's as well, and then what the other side said would be a client's.
    @Test func `is not turned round by who is heard to the end first`() throws {
        let tape = tape(
            [.server("MSG orders.new 1 7\r\norder 0\r\n"), .client("PUB orders.new  7\r\norder 1\r\n")],
            localIsClient: true)
        let whole = tape.run()
        #expect(try whole.events().map { $0.string("direction") } == ["send"])
        for cut in 1..<29 { #expect(tape.cut(every: cut).run() == whole, "cut every \(cut)") }
    }
}
