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
        let other = H2.request("/a.B/C", "POST") + H2.block(["content-type": "application/json"])
        let result = Self.run(H2.headers(1, other, end: true), H2.answer(1, 200))
        #expect(try result.events().allSatisfy { $0.string("protocol") == "http/2" })
    }

    // MARK: Status, deadline, housekeeping

    @Test func `is counted by the name of its status, and by its deadline`() throws {
        let late = Self.call + H2.block(["grpc-timeout": "1m"])
        let ok = H2.block([":status": "200", "grpc-status": "0"])
        let result = Self.run(
            H2.headers(1, Self.call, end: true) + H2.headers(3, late, end: true),
            H2.headers(1, H2.block([":status": "200", "grpc-status": "5"]), end: true)
                + H2.headers(3, ok, end: true))
        let endpoint = try #require(result.serviceMap.services.first?.endpoints.first)
        #expect(endpoint.numbers.errors == 1 && endpoint.numbers.pastDeadline == 1)
        let yaml = ServiceMapFile.yaml(result.serviceMap)
        #expect(yaml.contains("        status: {OK: 1, NOT_FOUND: 1}\n        errors: 1\n"))
        #expect(yaml.contains("        past_deadline: 1\n"))
        #expect(try result.events().map { $0.fields["grpc_past_deadline"] != nil } == [false, false, false, true])
        #expect(try result.events().last?.number("status_code") == 200)
    }

    @Test(arguments: ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"])
    func `keeps a session going, which is counted alone`(_ path: String) throws {
        let call = H2.request(path, "POST") + H2.block(["content-type": "application/grpc"])
        let result = Self.run(H2.headers(1, call, end: true), H2.answer(1, 200))
        #expect(try result.events().map(\.brief) == ["= http/2 90"])
        #expect(result.serviceMap.services.flatMap(\.endpoints).isEmpty)
        #expect(result.summary.messages.housekeeping == 1 && result.summary.messages.exchanges == 1)
    }

    // MARK: Shapes

    /// What `protoc --encode` makes of `id: 7 name: "pen" tags: "a" tags: "b" price { units: 3 } raw: "\xff" ok: true`, where price
    /// is field 5, raw 6, ok 7.
    private static let product: [UInt8] =
        [0x08, 7, 0x12, 3] + Array("pen".utf8) + [
            0x1A, 1, 0x61, 0x1A, 1, 0x62, 0x2A, 2, 0x08, 3, 0x32, 1, 0xFF, 0x38, 1,
        ]

    private static func framed(_ message: [UInt8], flags: UInt8 = 0) -> [UInt8] {
        [flags] + H2.big(UInt32(message.count)) + message
    }

    private static func shapes(
        _ request: [UInt8], type: String = "application/grpc", fields: [UInt8] = [], proto: ProtoSchema? = nil
    ) throws -> (request: String, incomplete: Bool) {
        var tape = TapeBuilder()
        tape.open()
        let call =
            H2.request("/shop.v1.Catalog/Put", "POST") + H2.block(["content-type": type]) + fields
        tape.data(.send, H2.preface + H2.headers(1, call) + H2.frame(0, 1, stream: 1, request))
        tape.data(.receive, H2.frame(4, stream: 0, []) + H2.answer(1, 200))
        tape.close()
        var options = Profiler.Options()
        options.protoSchema = proto
        let result = tape.run(options)
        #expect(tape.cut(every: 1).run(options).serviceMap == result.serviceMap)
        let endpoint = try #require(result.serviceMap.services.first?.endpoints.first)
        return (endpoint.requestSchema.brief, endpoint.requestIsIncomplete)
    }

    @Test func `shows numbers and kinds of fields where there is no schema`() throws {
        let shape = "{#1: number, #2: string, #3: [string], #5: {#1: number}, #6: non-json, #7: number}"
        #expect(try Self.shapes(Self.framed(Self.product)) == (shape, false))
        // Of several messages, which differ.
        let several = Self.framed(Self.product) + Self.framed(Self.product) + Self.framed([0x08, 1])
        let list = try Self.shapes(several)
        #expect(list == ("[{#1: number}, \(shape)]", false) || list == ("[\(shape), {#1: number}]", false))
        #expect(try Self.shapes(Self.framed([])) == ("{}", false))
        // No message: a field of a wire type that there is none of, and one that is cut.
        #expect(try Self.shapes(Self.framed([0x0F, 1])) == ("non-json", false))
        #expect(try Self.shapes(Self.framed([0x12, 9, 0x61])) == ("non-json", false))
        #expect(try Self.shapes(Array(Self.framed(Self.product).dropLast())).incomplete)
    }

    @Test func `reads messages that are compressed`() throws {
        let gzip = H2.block(["grpc-encoding": "gzip"])
        let read = try Self.shapes(Self.framed(CodedBodies.gzip, flags: 1), fields: gzip)
        #expect(read == ("non-json", false))
        #expect(
            try Self.shapes(Self.framed(CodedBodies.gzip, flags: 1), type: "application/grpc+json", fields: gzip) == (
                "{message: string}", false
            ))
        #expect(try Self.shapes(Self.framed(CodedBodies.gzip, flags: 1)).incomplete)
    }

    /// The FileDescriptorSet of `package shop.v1; message Product { int32 id = 1; string name = 2; repeated string tags = 3;
    /// Price price = 5; bytes raw = 6; bool ok = 7; message Price { int64 units = 1; } } service Catalog { rpc Put(Product)
    /// returns (Product); }`.
    private static let descriptors: [UInt8] = {
        func length(_ count: Int) -> [UInt8] {
            count < 128 ? [UInt8(count)] : [UInt8(count & 0x7F | 0x80), UInt8(count >> 7)]
        }
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2] + length(bytes.count) + bytes }
        func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
        func number(_ number: UInt8, _ value: UInt8) -> [UInt8] { [number << 3, value] }
        func member(_ name: String, _ place: UInt8, _ type: UInt8, _ label: UInt8 = 1, _ of: String = "") -> [UInt8] {
            field(
                2,
                text(1, name) + number(3, place) + number(4, label) + number(5, type) + (of.isEmpty ? [] : text(6, of)))
        }
        let price = field(3, text(1, "Price") + member("units", 1, 3))
        let members =
            member("id", 1, 5) + member("name", 2, 9) + member("tags", 3, 9, 3)
            + member("price", 5, 11, 1, ".shop.v1.Product.Price") + member("raw", 6, 12) + member("ok", 7, 8)
        let product = field(4, text(1, "Product") + members + price)
        let put = field(2, text(1, "Put") + text(2, ".shop.v1.Product") + text(3, ".shop.v1.Product"))
        let file = text(1, "shop.proto") + text(2, "shop.v1") + product + field(6, text(1, "Catalog") + put)
        return field(1, file)
    }()

    @Test func `shows names with a schema`() throws {
        let schema = try ProtoSchema(Self.descriptors.span.bytes)
        let shape = "{id: number, name: string, ok: boolean, price: {units: number}, raw: string, tags: [string]}"
        #expect(try Self.shapes(Self.framed(Self.product), proto: schema) == (shape, false))
        // A list of one is a list, and a field that the schema has not is a number.
        let one: [UInt8] = [0x1A, 1, 0x61, 0x48, 1]
        #expect(try Self.shapes(Self.framed(one), proto: schema) == ("{#9: number, tags: [string]}", false))
    }

    @Test func `refuses what is no schema`() {
        for length in [0, 1, 20, Self.descriptors.count - 1] {
            #expect(throws: ProtoSchema.Fault.self) {
                try ProtoSchema(Array(Self.descriptors.prefix(length)).span.bytes)
            }
        }
    }

    // MARK: gRPC-Web and Connect

    @Test(arguments: [
        (
            "application/grpc-web+proto", framed([0x08, 1]) + framed(Array("grpc-status: 5\r\n".utf8), flags: 0x80),
            "NOT_FOUND"
        ),
        (
            "application/grpc-web-text",
            Array("AAAAAAIIAQ==".utf8) + Array("gAAAABBncnBjLXN0YXR1czogNQ0K".utf8), "NOT_FOUND"
        ),
        ("application/connect+proto", framed([0x08, 1]) + framed(Array("{}".utf8), flags: 2), "OK"),
        (
            "application/connect+json",
            framed(Array("{\"a\":1}".utf8))
                + framed(Array("{\"error\":{\"code\":\"permission_denied\"}}".utf8), flags: 2), "PERMISSION_DENIED"
        ),
    ])
    func `has its status behind its messages`(_ type: String, _ answer: [UInt8], _ status: String) throws {
        let call = H2.request("/shop.v1.Catalog/List", "POST") + H2.block(["content-type": type])
        let result = Self.run(
            H2.headers(1, call, end: true),
            H2.headers(1, H2.block([":status": "200", "content-type": type])) + H2.frame(0, 1, stream: 1, answer))
        let events = try result.events()
        #expect(events.last?.string("grpc_status") == status && events.last?.number("grpc_messages") == 1)
        #expect(events.last?.string("protocol") == "grpc")
        let schema = try #require(result.serviceMap.services.first?.endpoints.first).responseSchema.brief
        #expect(schema == (type.hasSuffix("json") ? "{a: number}" : "{#1: number}"))
    }
}
