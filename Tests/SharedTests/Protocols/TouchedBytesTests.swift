import Glibc
import Testing

@testable import Shared

/// Results are stepped over: of a row, or of a packet of rows, an analyzer looks at what says how long it is.
///
/// Rows lie so that what may be looked at ends with a page, and the next page is nobody's: the kernel says which pages were
/// touched (mincore(2)).
@Suite struct `Results` {
    /// Rows one behind the other, each two pages long.
    private final class Rows {
        static let page = 4096
        let count: Int
        /// From the first row on.
        let bytes: UnsafeRawBufferPointer
        private let memory: UnsafeMutableRawPointer
        private let length: Int

        /// - Parameter head: of a row of so many bytes what may be looked at; it ends with a page.
        init?(_ count: Int, head: (_ length: Int) -> [UInt8]) {
            self.count = count
            length = (2 * count + 1) * Self.page
            guard
                let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                memory != MAP_FAILED, madvise(memory, length, MADV_NOHUGEPAGE) == 0
            else { return nil }
            self.memory = memory
            let start = head(2 * Self.page)
            let width = start.count
            for row in 0..<count {
                (memory + (2 * row + 1) * Self.page - width).copyMemory(from: start, byteCount: width)
            }
            bytes = UnsafeRawBufferPointer(start: memory + Self.page - width, count: 2 * count * Self.page)
        }

        deinit { munmap(memory, length) }

        /// Pages behind what may be looked at that were.
        var touched: Int {
            var resident = [UInt8](repeating: 0, count: 2 * count + 1)
            guard mincore(memory, length, &resident) == 0 else { return -1 }
            return (0..<count).count { resident[2 * $0 + 1] & 1 == 1 }
        }
    }

    private static let count = 200

    /// What an analyzer tells, of which the last operation is kept.
    private final class Told: Output {
        var rows: UInt64?
        func operation(_ operation: borrowing ServiceOperation, _ text: RawSpan) { rows = operation.rows }
        func began(_ ask: Ask, _ text: RawSpan) -> Token { .none }
        func position(_ side: Side) -> UInt64 { 0 }
        func numberExchange() -> UInt64 { 0 }
        func message(_ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan) {}
        func exchange(_ exchange: Exchange, _ text: RawSpan) {}
        func said(_ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan) {}
        func said(_ exchange: Exchange, _ text: RawSpan) {}
        func know(_ facts: TLSFacts, isComplete: Bool, _ at: Timestamp) {}
        func resolved(_ name: RawSpan, _ address: IPAddress, seconds: UInt32, _ at: Timestamp) {}
        func shared<T: AnyObject>(_ make: () -> T) -> T { make() }
        func waitForSecret(of session: SessionSecrets.ClientRandom) {}
        func findSecret(
            _ label: SessionSecrets.Label, of session: SessionSecrets.ClientRandom, tried: inout UInt64,
            _ isRight: ([UInt8]) -> Bool
        ) -> Bool { false }
        func stayedClosed(_ why: TLSClosed) {}
        func unparsed(_ count: Int, _ why: UnparsedReason) { Issue.record("\(count) unparsed") }
        func reached(_ limit: Limit) {}
        var retransmittedDifferent: UInt64 { 0 }
        var gapMoment: Timestamp { Timestamp(nanoseconds: 0) }
        func isOver(_ side: Side) -> Bool { false }
        func hasAll(of side: Side) -> Bool { true }
        func open(_ successor: Successor) -> InnerID? { nil }
        func deliver(_ bytes: RawSpan, _ side: Side, _ at: Timestamp, to inner: InnerID) {}
        func gap(_ length: UInt64, _ reason: GapReason, _ side: Side, _ at: Timestamp, in inner: InnerID) {}
        func close(_ inner: InnerID, _ at: Timestamp) {}
    }

    /// Shows an analyzer what was said before the rows, the rows, and what ends them.
    /// - Returns: rows that it counted, and of how many it looked at more than it may.
    private func read(_ row: ProtocolID, _ before: TapeBuilder, _ rows: Rows, _ after: [UInt8]) -> (UInt64?, Int) {
        let run = Run(limits: Limits(), registry: .standard, needs: [.operations])
        let analyzer = run.registry[row].make(run)
        let told = Told()
        analyzer.begin(.opening)
        var skip: UInt64 = 0
        func show(_ bytes: RawSpan, _ side: Side) {
            let from = Int(min(skip, UInt64(bytes.byteCount)))
            skip -= UInt64(from)
            guard from < bytes.byteCount else { return }
            let rest = bytes.extracting(from...)
            let step = analyzer.consume(rest, side, Arrival(Timestamp(nanoseconds: 1)), told)
            switch step {
            case .took(let count, _): if count < rest.byteCount { show(rest.extracting(count...), side) }
            case .skip(let count, let more):
                skip = more
                if count < rest.byteCount { show(rest.extracting(count...), side) }
            default: Issue.record("\(step)")
            }
        }
        for entry in before.entries {
            guard case .data(let position) = entry.event.kind else { continue }
            show(entry.payload.span.bytes, position.direction == .send ? .client : .server)
        }
        show(RawSpan(_unsafeBytes: rows.bytes), .server)
        show(after.span.bytes, .server)
        return (told.rows, rows.touched)
    }

    @Test func `of PostgreSQL are looked at with five bytes a row`() throws {
        let rows = try #require(
            Rows(Self.count) { length in [UInt8(ascii: "D")] + PostgresTalk.big(UInt32(length - 1)) })
        var talk = PostgresTalk()
        talk.client(.query("select a from t"))
        let (count, touched) = read(
            .postgres, talk.tape, rows,
            PostgresTalk.message("C", "SELECT \(Self.count)\0") + PostgresTalk.message("Z", "I"))
        #expect(count == UInt64(Self.count) && touched == 0)
    }

    /// The length and number of four bytes, and one more, which tells a row from what ends them.
    @Test func `of MySQL are looked at with five bytes a row`() throws {
        let rows = try #require(
            Rows(Self.count) { length in MySQLTalk.little(UInt32(length - 4), 3) + [0] + [1] })
        var talk = MySQLTalk()
        talk.client(.query("select a from t"))
        talk.server(1, .columns(1), .definition, .end())
        let (count, touched) = read(.mysql, talk.tape, rows, MySQLTalk.packet(9, [0xFE, 0, 0, 2, 0]))
        #expect(count == UInt64(Self.count) && touched == 0)
    }

    /// Behind the first 512 bytes of an answer.
    @Test func `of SQL Server are looked at with eight bytes a packet`() throws {
        let rows = try #require(
            Rows(Self.count) { length in [4, 0, UInt8(length >> 8), UInt8(length & 0xFF), 0, 52, 1, 0] })
        var talk = MSSQLTalk()
        talk.batch("select a from t")
        var first = MSSQLTalk.packets(4, MSSQLTalk.rows(20, length: 100))
        // More packets follow.
        first[1] = 0
        talk.raw(.receive, first)
        let done = MSSQLTalk.done(0x10, command: 0xC1, count: UInt64(Self.count))
        let (count, touched) = read(.mssql, talk.tape, rows, MSSQLTalk.packets(4, done))
        #expect(count == UInt64(Self.count) && touched == 0)
    }
}
