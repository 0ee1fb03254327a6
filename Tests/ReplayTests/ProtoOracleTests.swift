import Foundation
import TestSupport
import Testing

/// Sketches of .proto files that were made from tapes: against protoc, and against the schema with which one of the tapes was made.
@Suite struct `Exported sketches of proto files` {
    private let folder = TemporaryFolder()

    private func compile(_ files: [String]) throws -> Executable.Outcome {
        let protoc = try Programs.find("protoc", package: "protobuf-compiler")
        return try Executable.run(
            protoc, ["--proto_path=\(folder.path)", "--descriptor_set_out=\(folder.path)/set"] + files)
    }

    @Test(.timeLimit(.minutes(30))) func `are taken by protoc`() throws {
        var files: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: "Fixtures/grpc").sorted() {
            let fixture = "Fixtures/grpc/\(name)"
            let own = "\(folder.path)/\(name)"
            let tape = try #require(
                FileManager.default.contentsOfDirectory(atPath: fixture).first { $0.hasPrefix("input.") })
            let outcome = try Executable.replay(["export", "proto", "\(fixture)/\(tape)", "-o", "\(own)/"])
            #expect(outcome.status < 2 || outcome.errors.contains("show nothing"), "\(fixture): \(outcome.errors)")
            let written = (try? FileManager.default.contentsOfDirectory(atPath: own)) ?? []
            // One at a time: those of two tapes have the same names.
            for file in written.sorted() {
                let compiled = try compile(["\(own)/\(file)"])
                #expect(compiled.status == 0, "\(name)/\(file): \(compiled.errors)")
            }
            files += written
        }
        #expect(files.count >= 3 && files.contains("shop.v1.proto"))
        // protoc can say no.
        let wrong = folder.write("wrong.proto", Array("syntax = \"proto3\"; message A { int64 a = 19000; }".utf8))
        #expect(try compile([wrong]).status != 0)
    }

    @Test func `have the numbers that are on the wire`() throws {
        let outcome = try Executable.replay([
            "export", "proto", "Fixtures/grpc/shop/input.pcap", "--service", "shop.v1",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        // Fixtures/record/peers/shop_proto.py has what it was made from.
        #expect(
            outcome.output.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(2).joined(separator: "\n")
                == """
                syntax = "proto3";

                package shop.v1;

                service Catalog {
                  rpc Get (GetRequest) returns (GetResponse);
                  rpc List (ListRequest) returns (stream ListResponse);
                }

                message GetRequest {
                  string field_1 = 1;
                }

                message GetResponse {
                  string field_1 = 1;
                  repeated string field_2 = 2;
                  message Field3 {
                    int64 field_1 = 1;  // a number of whatever type
                    string field_2 = 2;
                  }
                  Field3 field_3 = 3;
                  int64 field_4 = 4;  // a number of whatever type
                  bytes field_5 = 5;  // bytes, or numbers that are packed
                }

                message ListRequest {
                  int64 field_2 = 2;  // a number of whatever type
                }

                message ListResponse {
                  string field_1 = 1;
                  repeated string field_2 = 2;
                  message Field3 {
                    int64 field_1 = 1;  // a number of whatever type
                    string field_2 = 2;
                  }
                  Field3 field_3 = 3;
                  int64 field_4 = 4;  // a number of whatever type
                  bytes field_5 = 5;  // bytes, or numbers that are packed
                  int64 field_6 = 6;  // a number of whatever type
                }

                """, "\(outcome.output)")
    }
}
