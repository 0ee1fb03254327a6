import Testing

@testable import Shared

/// Lookups over TCP: RFC 7766, and transfers of zones (RFC 5936, RFC 1995).
@Suite struct `DNS over TCP` {
    struct Talk: TapedTalk {
        var tape = TapeBuilder()

        init(isLate: Bool = false, port: UInt16 = 53) {
            tape.open(
                remote: TapeBuilder.server(port), role: isLate ? .unknown : .client, joinedLate: isLate)
        }

        mutating func client(_ bytes: [UInt8]) { raw(.send, DNSBytes.framed(bytes)) }
        mutating func server(_ bytes: [UInt8]) { raw(.receive, DNSBytes.framed(bytes)) }
    }

    private static let address = DNSBytes.record(1, [10, 0, 0, 9])

    private static func start(_ server: UInt8, _ serial: UInt8) -> [UInt8] {
        DNSBytes.record(6, [1, server, 0, 0, 0, 0, 0, serial] + [UInt8](repeating: 0, count: 16))
    }

    @Test func `answers come in any order, on any port`() throws {
        var talk = Talk(port: 8053)
        talk.client(DNSBytes.ask("a.test", id: 1))
        talk.client(DNSBytes.ask("b.test", 28, id: 2))
        talk.server(DNSBytes.answer("b.test", 28, id: 2, code: 3))
        talk.server(DNSBytes.answer("a.test", id: 1, [Self.address]))
        talk.client(DNSBytes.ask("c.test", id: 3))
        try talk.ended.checkOperations(
            ["AAAA error NXDOMAIN [b.test]", "A ok [a.test]", "A unanswered [c.test] !response"], withTargets: true)
    }

    /// Link-local names have DNS's form, and flags of other meanings (RFC 4795, section 2.1.1).
    @Test(arguments: [false, true]) func `is not what neighbours ask each other`(_ isLate: Bool) throws {
        for port in [5355, 5354] as [UInt16] {
            var talk = Talk(isLate: isLate, port: port)
            for number in 0..<3 as Range<UInt16> {
                talk.client(DNSBytes(id: number, flags: 0, questions: [DNSBytes.question("printer")]).bytes)
                talk.server(
                    DNSBytes(
                        id: number, flags: 0x8000, questions: [DNSBytes.question("printer")], answers: [Self.address]
                    )
                    .bytes)
            }
            let result = talk.result()
            let edges = result.serviceMap.services.flatMap(\.connections).map(\.protocolName)
            #expect(edges == [port == 5355 ? "unknown" : "dns"])
            #expect(try result.operationLines().isEmpty == (port == 5355))
            #expect(result.summary.bytes.isBalanced)
        }
    }

    @Test func `a transfer ends where its zone began`() throws {
        var talk = Talk()
        talk.client(DNSBytes.ask("zone.test", 252))
        talk.server(DNSBytes.answer("zone.test", 252, [Self.start(0x61, 7), Self.address]))
        talk.server(DNSBytes(flags: 0x8400, answers: [DNSBytes.record(1, [10, 0, 0, 1], name: 0)]).bytes)
        talk.server(DNSBytes.answer("zone.test", 252, [Self.start(0x61, 7)]))
        // Differences: from 7 to 8 and from 8 to 9.
        talk.client(DNSBytes.ask("zone.test", 251, id: 2))
        talk.server(DNSBytes.answer("zone.test", 251, id: 2, [Self.start(0x61, 9), Self.start(0x61, 7)]))
        talk.server(DNSBytes.answer("zone.test", 251, id: 2, [Self.start(0x61, 8), Self.start(0x61, 8)]))
        talk.server(DNSBytes.answer("zone.test", 251, id: 2, [Self.start(0x61, 9), Self.start(0x61, 9)]))
        // Nothing new.
        talk.client(DNSBytes.ask("zone.test", 251, id: 3))
        talk.server(DNSBytes.answer("zone.test", 251, id: 3, [Self.start(0x61, 9)]))
        talk.client(DNSBytes.ask("zone.test", 252, id: 4))
        talk.server(DNSBytes.answer("zone.test", 252, id: 4, code: 5))
        try talk.ended.checkOperations(
            ["AXFR ok [zone.test]", "IXFR ok [zone.test]", "IXFR ok [zone.test]", "AXFR error REFUSED [zone.test]"],
            withTargets: true)
    }

    private static var lookups: TapeBuilder {
        var talk = Talk()
        for number in 0..<6 as Range<UInt16> {
            talk.client(DNSBytes.ask("host\(number).shop.test", id: 100 + number))
            talk.server(DNSBytes.answer("host\(number).shop.test", id: 100 + number, [Self.address]))
        }
        return talk.ended
    }

    @Test func `that was joined late is read from the next message on`() throws {
        try expectSuffixes(of: Self.lookups, withTargets: true)
    }

    @Test func `with a gap anywhere is right before and behind it`() throws {
        let whole = Set(
            try Self.lookups.run().operationLines(withTargets: true).map { String($0.prefix { $0 != "!" }) })
        try expectRightAroundGaps(of: Self.lookups, withTargets: true) { operations in
            operations.filter { line in
                guard line.contains("[host") else { return false }
                let start = line.replacing(" unanswered", with: " ok").prefix { $0 != "!" }.trimmingSuffix { $0 == " " }
                return !whole.contains(String(start))
            }
        }
    }

    @Test func `is read whatever is said`() {
        expectReadable(
            [
                DNSBytes.framed(DNSBytes.ask("a.test")), DNSBytes.framed(DNSBytes.answer("a.test", [Self.address])),
                DNSBytes.framed(DNSBytes.answer("zone.test", 252, [Self.start(0x61, 7)])), [0, 12], [0],
            ], seeds: 0..<100
        ) { Talk(isLate: $0) }
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(_ isMeant: (Character) -> Bool) -> SubSequence {
        var text = self[...]
        while let last = text.last, isMeant(last) { text = text.dropLast() }
        return text
    }
}
