import Testing

@testable import Shared

/// What a client and a server of a cache or message bus say, and what the event log tells of it.
struct ServiceTalk: TapedTalk {
    var tape = TapeBuilder()

    init(port: UInt16, joinedLate: Bool = false) {
        tape.open(remote: TapeBuilder.server(port), role: joinedLate ? .unknown : .client, joinedLate: joinedLate)
    }

    mutating func client(_ text: String) { raw(.send, Array(text.utf8)) }

    mutating func server(_ text: String) { raw(.receive, Array(text.utf8)) }

    mutating func wait(_ milliseconds: Int64) { tape.wait(milliseconds: milliseconds) }

    /// The operations, each as `STATEMENT status[ code][ hits/misses]`, or with name and targets for a statement, with what is incomplete behind it.
    static func operations(_ result: TapeResult) throws -> [String] {
        try result.events().filter { $0.string("event_type") == "operation" }.map { event in
            var words = [event.string("operation") ?? "-"] + (event.fields["targets"] as? [String] ?? [])
            if let statement = event.string("statement") { words = [statement] }
            var text = "\(words.joined(separator: " ")) \(event.string("status") ?? "-")"
            if let code = event.string("code") { text += " \(code)" }
            if let hits = event.number("hits"), let misses = event.number("misses") { text += " \(hits)/\(misses)" }
            if let parts = event.fields["incomplete"] as? [String] { text += " !\(parts.joined(separator: ","))" }
            return text
        }
    }

    static var options: Profiler.Options {
        var options = Profiler.Options()
        options.housekeeping = true
        return options
    }

    /// Checks the operations, however the streams are cut.
    func check(_ expected: [String], _ location: SourceLocation = #_sourceLocation) throws {
        let whole = result()
        let operations = try Self.operations(whole)
        #expect(operations == expected, sourceLocation: location)
        #expect(whole.summary.bytes.isBalanced, sourceLocation: location)
        let tape = ended
        #expect(tape.cut(every: 1).run(Self.options).text == whole.text, "one byte at a time", sourceLocation: location)
        for offset in 1..<max(2, tape.dataBytes) {
            guard tape.cut(at: offset).run(Self.options).text != whole.text else { continue }
            Issue.record("cut at \(offset)", sourceLocation: location)
            return
        }
    }
}
