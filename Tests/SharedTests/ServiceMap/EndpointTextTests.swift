import Glibc
import Testing

@testable import Shared

@Suite struct `Addresses as text` {
    @Test(arguments: [
        ("10.0.0.5", "10.0.0.5"), ("255.255.255.255", "255.255.255.255"), ("0.0.0.0", "0.0.0.0"),
        ("::ffff:10.0.0.1", "10.0.0.1"), ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:db8::1", "2001:db8::1"),
        // RFC 5952, sections 4.1 to 4.3.
        ("2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:DB8::ABCD", "2001:db8::abcd"), ("fe80:0:0:0:1:2:3:0", "fe80::1:2:3:0"),
        ("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"),
        ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"), ("::1.2.3.4", "::102:304"),
    ])
    func `are written as RFC 5952 recommends`(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(arguments: [
        "", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1 ", " 10.0.0.1", "10.0.0.1\u{0}", "1:2:3", ":::", "1::2::3",
        "::g",
        "12345::", "fe80::1%eth0", "[::1]", "web", "0x7f.1", "127.1",
    ])
    func `are refused where they are none`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `agree with the C library on random addresses`() throws {
        var random = SeededRandom(seed: 9)
        for _ in 0..<5000 {
            var groups = (0..<8).map { _ in UInt16.random(in: 0...0xFFFF, using: &random) }
            for _ in 0..<6 { groups[Int.random(in: 0..<8, using: &random)] = UInt16.random(in: 0...1, using: &random) }
            groups[5] = 1  // No IPv4-mapped or -compatible forms, which inet_ntop writes with dots.
            groups[0] |= 0x2000
            let halves = groups.map { UInt64($0) }
            let address = IPAddress(
                high: halves[0] << 48 | halves[1] << 32 | halves[2] << 16 | halves[3],
                low: halves[4] << 48 | halves[5] << 32 | halves[6] << 16 | halves[7])
            var bytes: [UInt16] = groups.map(\.bigEndian)
            var text = [CChar](repeating: 0, count: 64)
            _ = inet_ntop(AF_INET6, &bytes, &text, 64)
            let expected = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            #expect(address.description == expected)
            #expect(IPAddress(expected) == address)
        }
    }

    @Test func `have brackets before a port where they are IPv6`() {
        #expect(Endpoint(IPAddress(v4: 0x0A00_0005), 80).description == "10.0.0.5:80")
        #expect(Endpoint(IPAddress(high: 0, low: 1), 65535).description == "[::1]:65535")
        #expect(Endpoint(IPAddress(v4: 0), 0).description == "0.0.0.0:0")
    }
}
