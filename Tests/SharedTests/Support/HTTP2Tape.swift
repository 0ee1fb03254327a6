@testable import Shared

extension HTTP2Frames {
    /// A connection on which client and server say these, a millisecond apart.
    /// - Parameters:
    ///   - preface: both have begun as connections begin.
    ///   - settings: what the server's SETTINGS hold.
    static func tape(
        _ said: [Conversation.Said], preface: Bool = true, settings: [UInt8] = []
    ) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open()
        let opening: [Conversation.Said] = [.client(Self.preface), .server(frame(4, stream: 0, settings))]
        for said in (preface ? opening : []) + said {
            tape.wait(milliseconds: 1)
            tape.data(said.isClient ? .send : .receive, said.bytes)
        }
        tape.close()
        return tape
    }

    /// What the event log says of each message, in short.
    static func briefs(_ result: TapeResult) throws -> [String] { try result.events().map(\.brief) }
}
