import Testing

@testable import Shared

@Suite struct `Names of addresses` {
    private func endpoint(_ address: String, _ port: UInt16) -> Endpoint { Endpoint(IPAddress(address)!, port) }

    @Test func `are looked up by endpoint, then by address`() throws {
        var names = AddressNames()
        for rule in ["10.0.0.5=web", "10.0.0.5:5432=orders-db", "[::1]:80=six", "::2=two", "[::3]=three"] {
            try names.add(rule)
        }
        #expect(names.name(of: endpoint("10.0.0.5", 5432)) == "orders-db")
        #expect(names.name(of: endpoint("10.0.0.5", 80)) == "web")
        #expect(names.name(of: endpoint("::ffff:10.0.0.5", 80)) == "web")
        #expect(names.name(of: endpoint("::1", 80)) == "six")
        #expect(names.name(of: endpoint("::1", 81)) == nil)
        #expect(names.name(of: endpoint("::2", 1)) == "two")
        #expect(names.name(of: endpoint("::3", 1)) == "three")
    }

    @Test func `may hold equals signs and surrounding blanks`() throws {
        var names = AddressNames()
        try names.add(" 10.0.0.5 = a=b ")
        #expect(names.name(of: endpoint("10.0.0.5", 1)) == "a=b")
    }

    @Test func `come from hosts files, whose first line for an address counts`() throws {
        var names = AddressNames()
        try names.addHosts(
            """
            # a comment
            127.0.0.1\tlocalhost  local
            127.0.0.1 another

              10.0.0.5:5432   orders-db # the database
            ::1 ip6-localhost
            """.replacingLineEnds(), file: "hosts")
        try names.add("::1=mine")
        #expect(names.name(of: endpoint("127.0.0.1", 1)) == "localhost")
        #expect(names.name(of: endpoint("10.0.0.5", 5432)) == "orders-db")
        #expect(names.name(of: endpoint("10.0.0.5", 5433)) == nil)
        #expect(names.name(of: endpoint("::1", 5433)) == "mine")
    }

    @Test(arguments: [
        ("10.0.0.5", "no `=`"), ("10.0.0.5=", "no name"), ("10.0.0.5= ", "no name"), ("=web", "no address"),
        ("web=web", "no address"), ("10.0.0.5:=web", "no port"), ("10.0.0.5:0=web", "no port"),
        ("10.0.0.5:65536=web", "no port"), ("10.0.0.5:+80=web", "no port"), ("10.0.0.5:80:1=web", "no address"),
        ("[::1=web", "no address"), ("[::1]80=web", "no address"), ("[::1]:=web", "no port"), ("", "no `=`"),
    ])
    func `that cannot be used say why`(rule: String, reason: String) {
        var names = AddressNames()
        do throws(NameRuleError) {
            try names.add(rule)
            Issue.record("\(rule) was taken")
        } catch {
            #expect(error.description.hasPrefix("--name \(rule): "))
            #expect(error.reason.contains(reason), "\(error)")
        }
    }

    @Test func `that contradict each other are an error`() throws {
        var names = AddressNames()
        try names.add("10.0.0.5=web")
        try names.add("10.0.0.5=web")
        #expect(throws: NameRuleError.self) { try names.add("10.0.0.5=other") }
    }

    @Test func `in a file are refused with the line`() {
        var names = AddressNames()
        do throws(NameRuleError) {
            try names.addHosts("10.0.0.1 a\n\nweb 10.0.0.2\n", file: "my.hosts")
            Issue.record("the line was taken")
        } catch {
            #expect(error.place == "my.hosts, line 3")
        }
        #expect(throws: NameRuleError.self) { try names.addHosts("10.0.0.1\n", file: "f") }
    }
}

extension String {
    /// As a file from Windows has it.
    fileprivate func replacingLineEnds() -> String {
        split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
    }
}
