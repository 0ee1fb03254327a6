import Foundation
import Testing

@testable import profiler

/// containerd's messages, as bytes.
@Suite struct `Messages of containerd` {
    private func field(_ number: UInt8, _ bytes: Data) -> Data { Data([number << 3 | 2, UInt8(bytes.count)]) + bytes }
    private func field(_ number: UInt8, _ text: String) -> Data { field(number, Data(text.utf8)) }

    @Test func `are read field by field, and what is not known is skipped`() throws {
        let label = field(2, field(1, "k") + field(2, "v"))
        // Numbers of four and of eight bytes.
        let unknown = Data([0x7D, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0xF8, 0x07, 0xAC, 0x02])
        let bytes = field(1, "old") + label + unknown + field(3, "image:1") + field(1, "id")
        let container = try ContainerdContainer(ProtobufFields(bytes))
        #expect(container.id == "id" && container.labels == ["k": "v"] && container.image == "image:1")
        #expect(try ProtobufFields(bytes).number(127) == 300)
        #expect(try ContainerdContainer(ProtobufFields(Data())).id == "")
    }

    @Test(
        arguments: [
            [0x0A], [0x0A, 5, 1], [0x08], [0x08, 0x80], [0x0D, 1, 2, 3], [0x09, 1], [0x0B], [0x0C], [0x0E],
            [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
        ] as [[UInt8]])
    func `that are cut or broken are said to be so`(_ bytes: [UInt8]) {
        #expect(throws: ProtobufFields.Malformed.self) { try ProtobufFields(Data(bytes)) }
    }

    @Test func `of any bytes never trap`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            guard let fields = try? ProtobufFields(Data(bytes)) else { continue }
            _ = try? ContainerdContainer(fields)
            _ = try? ContainerdEvent(fields)
            _ = ContainerdTask(fields)
        }
    }

    @Test func `are written with their length`() throws {
        let long = String(repeating: "x", count: 300)
        #expect(Array(ProtobufFields.message(1, long).prefix(3)) == [0x0A, 0xAC, 0x02])
        #expect(try ProtobufFields(ProtobufFields.message(1, long)).text(1) == long)
    }

    @Test func `name the first process, in a list and alone, while it runs`() throws {
        let running = Data([0x18, 0xE7, 0x07, 0x20, 2])
        let alone = try ContainerdTask(ProtobufFields(field(1, "c1") + field(2, "c1") + running))
        let listed = try ContainerdTask(ProtobufFields(field(2, "c1") + running))
        #expect(alone.container == "c1" && alone.pid == 999 && listed.container == "c1" && listed.pid == 999)
        #expect(try ContainerdTask(ProtobufFields(field(1, "c1") + Data([0x18, 0xE7, 0x07, 0x20, 3]))).pid == 0)
        let tooLarge = Data([0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
        #expect(try ContainerdTask(ProtobufFields(tooLarge)).pid == 0)
    }

    @Test(arguments: [
        ("/containers/create", "", ContainerdEvent.Change.containerCreated), ("/tasks/create", "", .taskCreated),
        ("/containers/update", "", .containerUpdated), ("/containers/delete", "", .containerDeleted),
        ("/tasks/start", "", .taskStarted), ("/tasks/exit", "c1", .taskExited), ("/tasks/exit", "exec-1", nil),
        ("/tasks/exec-started", "", nil), ("/images/create", "", nil), ("", "", nil),
    ])
    func `tell what has happened to which container`(
        _ topic: String, _ process: String, _ change: ContainerdEvent.Change?
    ) throws {
        let payload = field(1, "type") + field(2, field(1, "c1") + (process.isEmpty ? Data() : field(2, process)))
        let event = try ContainerdEvent(ProtobufFields(field(2, "ns") + field(3, topic) + field(4, payload)))
        #expect(event?.change == change)
        if let event { #expect(event.container == "c1" && event.namespace == "ns") }
    }
}
