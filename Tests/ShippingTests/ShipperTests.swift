import Foundation
import TestSupport
import Testing

@testable import Shipping

/// Whoever sends beside whoever records.
@Suite struct `A shipper` {
    @Test func `sends while more comes, and the stream has each byte once`() throws {
        let (folder, port) = (try TemporaryFolder(), try Port.free())
        let server = try LocalServer.nats(port: port, streams: folder.path + "/streams")
        let address = try StreamAddress("nats://127.0.0.1:\(port)/x", option: "--to")
        let names = ["a", "b"].map { ShippedFile(host: "h", digits: String(repeating: $0, count: 32), number: 1) }
        var whole: [[UInt8]] = [[], []]
        let spool = try Spool(folder.path + "/spool", most: 64 << 20, option: "--spool")
        let shipper = Shipper(address, spool: spool, option: "--to")
        for number in 0..<400 {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1 + number * 37 % 5000)
            shipper.add(Piece(names[number % 2], at: UInt64(whole[number % 2].count), bytes))
            whole[number % 2] += bytes
        }
        // Larger than a message may be.
        let large = [UInt8](repeating: 7, count: 3 << 20)
        shipper.add(Piece(names[0], at: UInt64(whole[0].count), large))
        whole[0] += large
        #expect(shipper.end(patience: 60) == 0 && shipper.lostBytes == 0)
        let files = try StreamedFiles(address)
        #expect(files.inputs.map(\.name) == names.map { "\(address)?subject=\($0.subject(on: address))" })
        for (input, bytes) in zip(files.inputs, whole) {
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: input.path))) == bytes)
        }
        try server.stop()
    }
}
