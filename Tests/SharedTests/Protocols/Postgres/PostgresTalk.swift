import Testing

@testable import Shared

/// What a PostgreSQL client and server say, message by message, and what the event log tells of it.
struct PostgresTalk: TapedTalk {
    var tape = TapeBuilder()

    init(joinedLate: Bool = false, startsUp: Bool = true) {
        tape.open(remote: TapeBuilder.server(5432), role: joinedLate ? .unknown : .client, joinedLate: joinedLate)
        guard startsUp, !joinedLate else { return }
        let parameters = Array("user\0alice\0database\0shop\0\0".utf8)
        tape.data(.send, Self.big(UInt32(8 + parameters.count)) + Self.big(196_608) + parameters)
        server(.ok, .ready)
    }

    enum Client {
        case query(String)
        case parse(String, name: String = "")
        case bind(String = "", portal: String = "", values: [String] = [])
        case describe
        case execute(String = "", rows: UInt32 = 0)
        case close(String)
        case sync, flush, copyDone, terminate
        case copyData(String)

        var bytes: [UInt8] {
            switch self {
            case .query(let text): PostgresTalk.message("Q", text + "\0")
            case .parse(let text, let name): PostgresTalk.message("P", name + "\0" + text + "\0\0\0")
            case .bind(let name, let portal, let values):
                PostgresTalk.message(
                    "B",
                    Array((portal + "\0" + name + "\0").utf8) + [0, 0, 0, UInt8(values.count)]
                        + values.flatMap { PostgresTalk.big(UInt32($0.utf8.count)) + Array($0.utf8) } + [0, 0])
            case .describe: PostgresTalk.message("D", "P\0")
            case .execute(let portal, let rows):
                PostgresTalk.message("E", Array((portal + "\0").utf8) + PostgresTalk.big(rows))
            case .close(let name): PostgresTalk.message("C", "S" + name + "\0")
            case .sync: PostgresTalk.message("S", "")
            case .flush: PostgresTalk.message("H", "")
            case .copyDone: PostgresTalk.message("c", "")
            case .terminate: PostgresTalk.message("X", "")
            case .copyData(let text): PostgresTalk.message("d", text)
            }
        }
    }

    enum Server {
        case ok, ready, parsed, bound, closed, noData, empty, suspended
        case row(String)
        case complete(String)
        case error(String)
        case copyIn, copyOut
        case copyData(String)
        case notice
        case notification(String)
        case parameter(String, String)

        var bytes: [UInt8] {
            switch self {
            case .ok: PostgresTalk.message("R", [0, 0, 0, 0])
            case .ready: PostgresTalk.message("Z", "I")
            case .parsed: PostgresTalk.message("1", "")
            case .bound: PostgresTalk.message("2", "")
            case .closed: PostgresTalk.message("3", "")
            case .noData: PostgresTalk.message("n", "")
            case .empty: PostgresTalk.message("I", "")
            case .suspended: PostgresTalk.message("s", "")
            case .row(let text):
                PostgresTalk.message("D", [0, 1] + PostgresTalk.big(UInt32(text.utf8.count)) + Array(text.utf8))
            case .complete(let tag): PostgresTalk.message("C", tag + "\0")
            case .error(let code): PostgresTalk.message("E", "SERROR\0VERROR\0C\(code)\0Mwith 'a secret'\0\0")
            case .copyIn: PostgresTalk.message("G", [0, 0, 1, 0, 0])
            case .copyOut: PostgresTalk.message("H", [0, 0, 1, 0, 0])
            case .copyData(let text): PostgresTalk.message("d", text)
            case .notice: PostgresTalk.message("N", "SNOTICE\0VNOTICE\0C00000\0Mhello\0\0")
            case .notification(let channel):
                PostgresTalk.message("A", [0, 0, 0, 9] + Array((channel + "\0payload\0").utf8))
            case .parameter(let name, let value): PostgresTalk.message("S", name + "\0" + value + "\0")
            }
        }
    }

    static func big(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }

    static func message(_ type: Character, _ body: [UInt8]) -> [UInt8] {
        Array("\(type)".utf8) + big(UInt32(body.count + 4)) + body
    }

    static func message(_ type: Character, _ body: String) -> [UInt8] { message(type, Array(body.utf8)) }

    mutating func client(_ messages: Client...) {
        tape.wait(milliseconds: 1)
        tape.data(.send, messages.flatMap(\.bytes))
    }

    mutating func server(_ messages: Server...) {
        tape.wait(milliseconds: 1)
        tape.data(.receive, messages.flatMap(\.bytes))
    }

    /// The operations, each as `NAME status[ code] rows/affected statement`, with what is incomplete behind it.
    static func operations(_ result: TapeResult) throws -> [String] {
        try result.events().filter { $0.string("event_type") == "operation" }.map { event in
            var text = "\(event.string("operation") ?? "-") \(event.string("status") ?? "-")"
            if let code = event.string("code") { text += " \(code)" }
            if let rows = event.number("rows"), let affected = event.number("affected") {
                text += " \(rows)/\(affected)"
            }
            if let statement = event.string("statement") { text += " \(statement)" }
            if let parts = event.fields["incomplete"] as? [String] { text += " !\(parts.joined(separator: ","))" }
            return text
        }
    }

    /// Checks the operations, however the streams are cut.
    func check(_ expected: [String], _ location: SourceLocation = #_sourceLocation) throws {
        let whole = result()
        #expect(try Self.operations(whole) == expected, sourceLocation: location)
        #expect(whole.summary.bytes.isBalanced, sourceLocation: location)
        let tape = ended
        #expect(tape.cut(every: 1).run().text == whole.text, "one byte at a time", sourceLocation: location)
        for offset in 1..<max(2, tape.dataBytes) {
            guard tape.cut(at: offset).run().text != whole.text else { continue }
            Issue.record("cut at \(offset)", sourceLocation: location)
            return
        }
    }
}
