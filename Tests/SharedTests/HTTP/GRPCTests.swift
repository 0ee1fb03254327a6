import Testing

@testable import Shared

/// gRPC over HTTP/2 (grpc/grpc: PROTOCOL-HTTP2.md).
@Suite struct `gRPC` {
    private typealias H2 = HTTP2Frames

    private static let call =
        H2.request("/shop.v1.Catalog/Get", "POST") + H2.block(["content-type": "application/grpc+proto"])

    private static func message(_ text: String) -> [UInt8] { [0] + H2.big(UInt32(text.utf8.count)) + Array(text.utf8) }

    private static func run(_ client: [UInt8], _ server: [UInt8]) -> TapeResult {
        var tape = TapeBuilder()
        tape.open()
        tape.data(.send, H2.preface + client)
        tape.wait(milliseconds: 5)
        tape.data(.receive, H2.frame(4, stream: 0, []) + server)
        tape.close()
        let result = tape.run()
        #expect(tape.cut(every: 1).run() == result)
        return result
    }

    @Test func `counts the messages of both sides, over any frames`() throws {
        let asked = Self.message("one") + Self.message("")
        let answered = Self.message("three") + Self.message("four") + Self.message("five")
        let result = Self.run(
            H2.headers(1, Self.call + H2.block(["grpc-timeout": "250m"]))
                + H2.frame(0, stream: 1, Array(asked.prefix(2)))
                + H2.frame(0, 1, stream: 1, Array(asked.dropFirst(2))),
            H2.headers(1, H2.block([":status": "200", "content-type": "application/grpc+proto"]))
                + H2.frame(0, stream: 1, Array(answered.prefix(12)))
                + H2.frame(0, stream: 1, Array(answered.dropFirst(12)))
                + H2.headers(1, H2.block(["grpc-status": "7", "grpc-message": "alice may not"]), end: true))
        let events = try result.events()
        #expect(events.map { $0.number("grpc_messages") } == [2, 3])
        #expect(events.map { $0.string("protocol") } == ["grpc", "grpc"])
        #expect(events.map { $0.string("grpc_service") } == ["shop.v1.Catalog", "shop.v1.Catalog"])
        #expect(events[1].string("grpc_method") == "Get" && events[1].string("grpc_status") == "PERMISSION_DENIED")
        #expect(events[0].fields["grpc_timeout_ms"] as? Double == 250)
        #expect(!result.text.contains("alice"))
        let endpoint = try #require(result.serviceMap.services.first?.endpoints.first)
        #expect(endpoint.protocolName == "grpc" && endpoint.method == "POST" && endpoint.path == "/shop.v1.Catalog/Get")
    }

    @Test(
        arguments: [
            (["grpc-status": "5"], "NOT_FOUND"), (["grpc-status": "99"], "UNKNOWN"), ([:], "UNKNOWN"),
            (["content-type": "text/html"], "UNKNOWN"),
        ] as [(KeyValuePairs<String, String>, String)])
    func `has its status from trailers alone`(_ fields: KeyValuePairs<String, String>, _ status: String) throws {
        let result = Self.run(
            H2.headers(1, Self.call, end: true),
            H2.headers(1, H2.block([":status": "200"]) + H2.block(fields), end: true))
        #expect(try result.events().last?.string("grpc_status") == status)
    }

    /// What a proxy answers in place of the server (grpc/grpc: http-grpc-status-mapping.md).
    @Test(arguments: [
        (400, "INTERNAL"), (401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (404, "UNIMPLEMENTED"),
        (429, "UNAVAILABLE"), (502, "UNAVAILABLE"), (503, "UNAVAILABLE"), (504, "UNAVAILABLE"), (500, "UNKNOWN"),
    ]) func `has its status from HTTP's where it has none`(_ code: Int, _ status: String) throws {
        let result = Self.run(H2.headers(1, Self.call, end: true), H2.answer(1, code, "sorry"))
        #expect(try result.events().last?.string("grpc_status") == status)
    }

    @Test func `has no status where the call was cut off`() throws {
        let result = Self.run(
            H2.headers(1, Self.call, end: true) + H2.headers(3, Self.call, end: true),
            H2.headers(1, H2.block([":status": "200"])) + H2.reset(1, 8))
        #expect(try result.events().last?.string("ended") == "rst_stream CANCEL")
        #expect(!result.text.contains("grpc_status"))
    }

    @Test func `is not what only looks like it`() throws {
        let web = H2.request("/a.B/C", "POST") + H2.block(["content-type": "application/grpc-web"])
        let result = Self.run(H2.headers(1, web, end: true), H2.answer(1, 200))
        #expect(try result.events().allSatisfy { $0.string("protocol") == "http/2" })
    }
}
