import Console
import Testing

@testable import Shipping

/// Addresses of streams, as users write them.
@Suite struct `Addresses of streams` {
    private func address(_ text: String) throws(Failure) -> StreamAddress { try StreamAddress(text, option: "--to") }

    @Test func `have a port and a stream where none is said`() throws {
        let plain = try address("nats://db.example")
        #expect(plain.server == "nats://db.example:4222" && plain.stream == "tapedeck" && plain.subject == nil)
        #expect(plain.description == "nats://db.example:4222/tapedeck" && !plain.isEncrypted)
        let whole = try address("tls://[2001:db8::1]:5222/rack_7?subject=rack_7.web-1.>")
        #expect(whole.server == "tls://[2001:db8::1]:5222" && whole.host == "2001:db8::1" && whole.isEncrypted)
        #expect(whole.stream == "rack_7" && whole.subject == "rack_7.web-1.>")
        #expect(try address("nats://[::1]/x").server == "nats://[::1]:4222")
        #expect(try address("nats://h:1/").stream == "tapedeck")
    }

    @Test func `show no credentials, and use them`() throws {
        let given = try address("nats://ann:s3cr@t@h:4333/x")
        #expect(given.server == "nats://ann:s3cr@t@h:4333" && given.description == "nats://h:4333/x")
        #expect(throws: Failure("--to nats://h:x: names no host with a port; write nats://HOST:4222/STREAM")) {
            try address("nats://ann:s3cret@h:x")
        }
        #expect("nats://ann:s3/cret@h/x".withoutCredentials == "nats://h/x")
        #expect("a@b".withoutCredentials == "a@b")
    }

    @Test(arguments: [
        "http://h/x", "nats://", "nats://:4222", "nats://h:0", "nats://h:65536", "nats://h:4222x", "nats://h/a.b",
        "nats://h/a/b", "nats://h/>", "nats://h/x?subject=", "nats://h/x?since=1", "nats://h/x y", "nats://[::1",
        "nats://h/\u{e4}",
    ])
    func `that are none are refused with what to write`(_ text: String) {
        #expect { try address(text) } throws: { "\($0)".contains("nats://HOST:4222") || "\($0)".contains("?subject=") }
    }

    @Test func `make subjects that can be read back`() throws {
        let file = ShippedFile(host: "web 1.example", digits: String(repeating: "0", count: 32), number: .max)
        #expect(file.text == "web_1_example.\(String(repeating: "0", count: 32))-ffffffffffffffff")
        let subject = file.subject(on: try address("nats://h/x"))
        #expect(ShippedFile(subject: subject) == file && ShippedFile(file.text) == file)
        for other in [
            "x.web", "x..\(file.name)", "x.web.\(file.name)0", "x.web.\(file.name.uppercased())", "web.\(file.name)",
        ] {
            #expect(ShippedFile(subject: other) == nil, "\(other)")
        }
        let piece = Piece(file, at: 4096, [1, 2, 3, 4])
        #expect(piece.messageID(1..<3) == "\(file.name)+4097+2")
        #expect(Piece.position(messageID: piece.messageID(1..<3)) == 4097)
        for other in ["", "x", "x+1", "x+-1+2", "x+18446744073709551616+1", "x+1+2+3"] {
            #expect(Piece.position(messageID: other) == nil, "\(other)")
        }
    }
}
