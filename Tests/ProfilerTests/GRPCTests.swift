import Foundation
import TestSupport
import Testing

@testable import profiler

/// gRPC by an HTTP client: frames, and where the status stands.
@Suite struct `A gRPC client` {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/grpc.sock" }
    private let long = Data(repeating: 0x61, count: 300)

    init() throws { folder = try TemporaryFolder() }

    private func call(_ answer: FakeGRPC.Answer) throws -> Data {
        let server = try FakeGRPC(at: path, answer)
        return try GRPCClient(UnixHTTP(socket: server.socket)).call("a.B/C", Data("question".utf8))
    }

    private func refusal(_ answer: FakeGRPC.Answer) -> String {
        do { return "an answer: \(try call(answer))" } catch { return "\(error)" }
    }

    @Test func `frames a message with its length`() {
        #expect(Array(GRPCFrames.frame(Data("ab".utf8))) == [0, 0, 0, 0, 2, 0x61, 0x62])
        #expect(Array(GRPCFrames.frame(Data())) == [0, 0, 0, 0, 0])
        #expect(Array(GRPCFrames.frame(long).prefix(5)) == [0, 0, 0, 1, 44])
    }

    @Test func `finds the same messages however they are cut`() throws {
        let stream = GRPCFrames.frame(long) + GRPCFrames.frame(Data()) + GRPCFrames.frame(Data("x".utf8))
        for size in [1, 2, 5, 7, stream.count] {
            var frames = GRPCFrames()
            var found: [Data] = []
            var rest = stream
            while !rest.isEmpty {
                try frames.add(Data(rest.prefix(size))) {
                    found.append($0)
                    return true
                }
                rest = Data(rest.dropFirst(size))
            }
            #expect(found == [long, Data(), Data("x".utf8)] && frames.isEmpty, "\(size)")
        }
    }

    @Test(arguments: [[1, 0, 0, 0, 0], [0, 0xFF, 0xFF, 0xFF, 0xFF], [0x48, 0x54, 0x54, 0x50, 0x2F]] as [[UInt8]])
    func `takes no compressed or endless message`(_ bytes: [UInt8]) {
        var frames = GRPCFrames()
        #expect(throws: UnixHTTP.Failure.self) { try frames.add(Data(bytes)) { _ in true } }
    }

    @Test func `has the message where the trailers say that all is well`() throws {
        let frame = GRPCFrames.frame(long)
        #expect(try call(.init(body: [Data(frame.prefix(3)), Data(frame.dropFirst(3))])) == long)
    }

    @Test func `has the status of trailers, also where they are all that comes`() {
        let trailers = [("grpc-message", "no%20container"), ("grpc-status", "5")]
        #expect(refusal(.init(body: [GRPCFrames.frame(long)], trailers: trailers)) == "gRPC status 5: no container")
        let only = [("content-type", "application/grpc")] + trailers
        #expect(refusal(.init(headers: only, trailers: [])) == "gRPC status 5: no container")
    }

    @Test func `takes nothing for an answer that is none`() {
        let frame = GRPCFrames.frame(long)
        let answers: [FakeGRPC.Answer] = [
            .init(body: [frame], trailers: nil), .init(trailers: nil), .init(body: [frame], trailers: [("x", "y")]),
            .init(body: [Data(frame.dropLast())]), .init(), .init(status: 503, body: [frame]),
            .init(headers: [("content-type", "text/html")], body: [frame]),
            .init(body: [frame], trailers: [("grpc-status", "zero")]),
        ]
        for answer in answers {
            let said = refusal(answer)
            #expect(!said.hasPrefix("an answer: ") && !said.contains("listen"), "\(said): \(answer)")
        }
    }
}

/// Which API is behind a socket.
@Suite struct `A runtime's API` {
    private let folder: TemporaryFolder
    private var http: UnixHTTP { UnixHTTP(socket: folder.path + "/docker.sock") }

    init() throws { folder = try TemporaryFolder() }

    @Test func `is containerd's where that answers, whatever the path says`() throws {
        let frame = GRPCFrames.frame(Data([0x0A, 3, 0x31, 0x2E, 0x36]))
        let server = try FakeGRPC(at: http.socket, .init(body: [frame]))
        let directory = try withExtendedLifetime(server) { try RuntimeAPI.directory(http, namespace: "default") }
        #expect(directory is ContainerdDirectory)
    }

    @Test(arguments: [FakeRuntime.Kind.docker, .podman])
    func `is Docker's where that answers`(_ kind: FakeRuntime.Kind) throws {
        let runtime = try FakeRuntime(kind, at: http.socket)
        let directory = try withExtendedLifetime(runtime) { try RuntimeAPI.directory(http, namespace: "default") }
        #expect(directory is DockerDirectory)
    }

    @Test func `is unknown where the answers are garbage, or another service's`() throws {
        let garbage = try FakeRuntime(.docker, at: http.socket, manner: .garbage)
        #expect { try RuntimeAPI.directory(http, namespace: "default") } throws: {
            "\($0)".hasPrefix("neither Docker's API: an answer that is not OK, nor containerd's: ")
        }
        garbage.stop()
        unlink(http.socket)
        let status = [("content-type", "application/grpc"), ("grpc-status", "12"), ("grpc-message", "unknown service")]
        let other = try FakeGRPC(at: http.socket, .init(headers: status, trailers: []))
        #expect { try RuntimeAPI.directory(http, namespace: "default") } throws: {
            "\($0)".hasSuffix("nor containerd's: gRPC status 12: unknown service")
        }
        withExtendedLifetime(other) {}
    }

    @Test func `is unknown where nobody listens`() {
        #expect(throws: UnixHTTP.Failure.self) { try RuntimeAPI.directory(http, namespace: "default") }
    }
}
