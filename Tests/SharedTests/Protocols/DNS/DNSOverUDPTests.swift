import Testing

@testable import Shared

/// Lookups over UDP: RFC 1035, section 4.2.1; SEMANTICS.
@Suite struct `DNS over UDP` {
    private static let address = DNSBytes.record(1, [10, 0, 0, 9])

    @Test func `tells each lookup with its answer`() throws {
        var tape = DNSTape()
        tape.ask(DNSBytes.ask("Db.Shop.test"))
        tape.answer(DNSBytes.answer("dB.sHop.test", [Self.address]))
        tape.ask(DNSBytes.ask("missing.shop.test", 28, id: 7), from: 40_001)
        tape.answer(DNSBytes.answer("missing.shop.test", 28, id: 7, code: 3), to: 40_001)
        let result = tape.tape.run()
        #expect(
            try result.operationLines(withTargets: true) == [
                "A ok [db.shop.test]", "AAAA error NXDOMAIN [missing.shop.test]",
            ])
        let first = try #require(try result.events().first { $0.string("event_type") == "operation" })
        #expect(first.fields["answers"] as? [String] == ["10.0.0.9"])
        #expect(first.number("ttl") == 60)
        #expect(first.string("paired") == "id")
        #expect(result.summary.bytes.isBalanced && result.summary.unread.isEmpty)
        #expect(result.serviceMap.services.flatMap(\.connections).map(\.count) == [2])
    }

    @Test func `pairs by number and question, in any order`() throws {
        var tape = DNSTape()
        tape.ask(DNSBytes.ask("a.test", id: 1))
        tape.ask(DNSBytes.ask("b.test", id: 2))
        tape.ask(DNSBytes.ask("c.test", id: 2))
        tape.answer(DNSBytes.answer("c.test", id: 2, code: 2))
        tape.answer(DNSBytes.answer("b.test", id: 2))
        tape.answer(DNSBytes.answer("a.test", id: 1, code: 5))
        #expect(try tape.lines() == ["A error SERVFAIL [c.test]", "A ok [b.test]", "A error REFUSED [a.test]"])
    }

    @Test func `counts attempts and packets that came twice once`() throws {
        var tape = DNSTape()
        tape.ask(DNSBytes.ask("a.test"))
        tape.ask(DNSBytes.ask("a.test"))
        tape.answer(DNSBytes.answer("a.test"))
        tape.answer(DNSBytes.answer("a.test"))
        tape.ask(DNSBytes.ask("a.test"))
        // dig and the C library ask again from another port.
        tape.ask(DNSBytes.ask("b.test"), from: 40_001)
        tape.tape.wait(milliseconds: 5000)
        tape.ask(DNSBytes.ask("b.test"), from: 40_002)
        tape.answer(DNSBytes.answer("b.test"), to: 40_002)
        // The first attempt is answered when the second is under way.
        tape.ask(DNSBytes.ask("c.test"), from: 40_003)
        tape.ask(DNSBytes.ask("c.test"), from: 40_004)
        tape.answer(DNSBytes.answer("c.test"), to: 40_003)
        let result = tape.tape.run()
        #expect(
            try result.operationLines(withTargets: true) == ["A ok [a.test]", "A ok [b.test]", "A ok [c.test]"])
        let total = try result.events().first { ($0.fields["targets"] as? [String]) == ["b.test"] }
        #expect(total?.fields["total_ms"] as? Double == 5002)
    }

    @Test func `says what nobody answered`() throws {
        var tape = DNSTape()
        tape.ask(DNSBytes.ask("a.test"))
        tape.tape.wait(milliseconds: 11_000)
        tape.ask(DNSBytes.ask("b.test", id: 9), from: 40_001)
        tape.answer(DNSBytes.answer("b.test", id: 9), to: 40_001)
        #expect(try tape.lines() == ["A unanswered [a.test] !response", "A ok [b.test]"])
    }

    @Test func `goes on over TCP where the answer did not fit`() throws {
        var tape = DNSTape()
        tape.ask(DNSBytes.ask("large.test", 16))
        tape.answer(DNSBytes.answer("large.test", 16, isTruncated: true))
        tape.tape.open(local: DNSTape.client(41_000), remote: DNSTape.server)
        tape.tape.data(.send, DNSBytes.framed(DNSBytes.ask("large.test", 16, id: 99)))
        tape.tape.wait(milliseconds: 1)
        tape.tape.data(
            .receive, DNSBytes.framed(DNSBytes.answer("large.test", 16, id: 99, [DNSBytes.record(16, [1, 0x61])])))
        tape.tape.close()
        // And where nobody asks again.
        tape.ask(DNSBytes.ask("other.test", 16), from: 40_001)
        tape.answer(DNSBytes.answer("other.test", 16, isTruncated: true), to: 40_001)
        #expect(try tape.lines() == ["TXT ok [large.test]", "TXT ok [other.test] !response"])
    }

    @Test func `knows codes of EDNS, other messages, several questions and none`() throws {
        var tape = DNSTape()
        // BADVERS: the upper bits are in the record of EDNS (RFC 6891, section 6.1.3).
        let options: [UInt8] = [0, 0, 41, 0x10, 0, 1, 0, 0, 0, 0, 0]
        tape.ask(DNSBytes.ask("a.test"))
        tape.answer(
            DNSBytes(flags: 0x8180, questions: [DNSBytes.question("a.test")], others: [options]).bytes)
        tape.ask(DNSBytes(id: 2, flags: 0x2400, questions: [DNSBytes.question("zone.test", 6)]).bytes)
        tape.answer(DNSBytes(id: 2, flags: 0xA400, questions: [DNSBytes.question("zone.test", 6)]).bytes)
        let two = [DNSBytes.question("a.test"), DNSBytes.question("b.test", 28)]
        tape.ask(DNSBytes(id: 3, questions: two).bytes)
        // A server that can't read it need not say what it was asked.
        tape.answer(DNSBytes(id: 3, flags: 0x8181).bytes)
        tape.ask(DNSBytes.ask("x.test", 65_280, id: 4))
        tape.answer(DNSBytes.answer("x.test", 65_280, id: 4, code: 13))
        #expect(
            try tape.lines() == [
                "A error BADVERS [a.test]", "NOTIFY ok [zone.test]", "A error FORMERR [a.test b.test]",
                "TYPE65280 error RCODE13 [x.test]",
            ])
    }

    @Test func `has patterns for names that stand for one of many`() throws {
        var tape = DNSTape()
        for (id, name) in [(1, "4.3.2.10.in-addr.arpa"), (2, "node-4f1c29d07a3e.shop.test"), (3, "a b.test")] {
            tape.ask(DNSBytes.ask(name, 12, id: UInt16(id)))
            tape.answer(DNSBytes.answer(name, 12, id: UInt16(id)))
        }
        #expect(try tape.lines() == ["PTR ok [{id}.in-addr.arpa]", "PTR ok [{id}.shop.test]", "PTR ok [a\\032b.test]"])
        var options = Profiler.Options()
        options.statements = .full
        let full = try tape.tape.run(options).operationLines(withTargets: true)
        #expect(full.first == "PTR ok [4.3.2.10.in-addr.arpa]")
    }

    @Test func `takes what was cut as far as it goes`() throws {
        let answer = DNSBytes.answer("a.test", [Self.address, Self.address])
        for kept in 12..<answer.count {
            var tape = DNSTape()
            tape.ask(DNSBytes.ask("a.test"))
            tape.answer(Array(answer[..<kept]), missing: UInt32(answer.count - kept))
            let result = tape.tape.run()
            #expect(try result.operationLines(withTargets: true) == ["A ok [a.test] !response"], "\(kept)")
            #expect(result.summary.bytes.isBalanced)
            #expect(result.summary.bytes.total == UInt64(DNSBytes.ask("a.test").count + answer.count))
        }
    }

    @Test func `says what an answer says whose question nobody saw`() throws {
        var tape = DNSTape()
        tape.answer(DNSBytes.answer("a.test", [Self.address]))
        tape.answer(DNSBytes.answer("a.test", [Self.address]))
        let result = tape.tape.run()
        #expect(try result.operationLines(withTargets: true) == ["A ok [a.test] !request"])
        let event = try #require(try result.events().first { $0.string("event_type") == "operation" })
        #expect(event.string("paired") == "none" && event.string("direction") == "recv")
        #expect(event.string("dest_ip") == "10.0.0.1")
    }

    /// Of hostile names each is none: pointers that go round, forward, to themselves, and labels of reserved kinds.
    @Test(
        arguments: [
            [0xC0, 12], [0xC0, 14, 0xC0, 12], [0xC0, 0xFF], [0x40, 1, 0], [0x80, 0], [63, 0x61],
            [1, 0x61, 0xC0, 12],
        ] as [[UInt8]])
    func `is not led astray by names`(_ name: [UInt8]) throws {
        var tape = DNSTape()
        let bytes = DNSBytes(questions: [name + [0, 1, 0, 1]]).bytes
        tape.ask(bytes)
        tape.ask(DNSBytes.ask("a.test", id: 2))
        tape.answer(DNSBytes.answer("a.test", id: 2, [DNSBytes.record(5, name)]))
        let result = tape.tape.run()
        let lines = try result.operationLines(withTargets: true)
        #expect(lines.contains("A ok [a.test]"), "\(lines)")
        #expect(result.summary.bytes.isBalanced && result.isValidLog)
    }

    /// What uses port 53 and is not DNS is counted and not read; so is all of the other ports.
    @Test func `takes nothing else for it`() throws {
        var tape = DNSTape()
        let question = DNSBytes.ask("a.test")
        // A tunnel's noise; headers with impossible opcodes, counts and bits; a question that is cut short.
        tape.ask((0..<60).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) })
        tape.ask(Array(question[..<11]))
        for flags in [0x7800, 0x1800, 0x0140] as [UInt16] {
            tape.ask(DNSBytes(flags: flags, questions: [DNSBytes.question("a.test")]).bytes)
        }
        tape.ask(Array(question.dropLast(2)))
        tape.ask(DNSBytes(flags: 0x8180, questions: [], answers: []).bytes.enumerated().map { $0 == 7 ? 200 : $1 })
        let multicast = Endpoint(IPAddress(v4: 0xE000_00FB), 5353)
        tape.tape.add(
            .datagram(
                CapturedDatagram(local: Endpoint(DNSTape.server.address, 5353), remote: multicast, direction: .send)),
            question)
        let result = tape.tape.run()
        #expect(try result.events().isEmpty && result.serviceMap.services.isEmpty)
        #expect(result.summary.unread.datagrams == 8)
    }

    @Test func `is bounded`() throws {
        var tape = DNSTape()
        for number in 0..<(Conversations.most + 50) {
            tape.ask(DNSBytes.ask("a\(number).test", id: 5), from: UInt16(20_000 + number))
        }
        for number in 0..<(DNSAnalyzer.most + 5) { tape.ask(DNSBytes.ask("b.test", id: UInt16(number))) }
        let result = tape.tape.run()
        let lines = try result.operationLines(withTargets: true)
        #expect(lines.count == Conversations.most + 50 + DNSAnalyzer.most + 5)
        #expect(result.summary.limits[.pipelinedRequests] == 5)
        #expect(result.summary.bytes.isBalanced)
    }

    @Test func `reads anything`() {
        let parts = [
            DNSBytes.ask("a.test"), DNSBytes.answer("a.test", [Self.address]),
            DNSBytes.answer("a.test", isTruncated: true),
            DNSBytes.answer("zone.test", 252, [DNSBytes.record(6, [0, 0, 0, 0, 0, 1])]),
        ]
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var tape = DNSTape()
            for _ in 0..<random.below(20) {
                var bytes = parts[random.below(parts.count)]
                for _ in 0..<random.below(4) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
                let kept = random.chance(oneIn: 5) ? random.below(bytes.count) : bytes.count
                let missing = random.chance(oneIn: 2) ? UInt32(bytes.count - kept) : 0
                let port = UInt16(40_000 + random.below(3))
                if random.chance(oneIn: 2) {
                    tape.ask(Array(bytes[..<kept]), from: port, missing: missing)
                } else {
                    tape.answer(Array(bytes[..<kept]), to: port, missing: missing)
                }
                if random.chance(oneIn: 9) { tape.tape.wait(milliseconds: 6000) }
            }
            let result = tape.tape.run()
            #expect(result.summary.bytes.isBalanced && result.isValidLog, "seed \(seed)")
        }
    }
}
