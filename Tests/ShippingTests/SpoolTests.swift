import Console
import Foundation
import TestSupport
import Testing

@testable import Shipping

/// What waits for a server, on disk.
@Suite struct `A spool` {
    let folder: TemporaryFolder
    static let file = ShippedFile(host: "h", digits: String(repeating: "a", count: 32), number: 1)

    init() throws { folder = try TemporaryFolder() }

    private var path: String { folder.path + "/spool" }
    private func spool(most: Int = 1 << 20) throws -> Spool { try Spool(path, most: most, option: "--spool") }

    private func piece(_ position: Int, _ count: Int) -> Piece {
        Piece(Self.file, at: UInt64(position), [UInt8](repeating: UInt8(truncatingIfNeeded: position), count: count))
    }

    /// All that waits, as sent.
    private func takeAll(_ spool: Spool) -> [Piece] {
        var pieces: [Piece] = []
        while let waiting = spool.oldest() {
            pieces.append(waiting.piece)
            spool.sent(waiting)
        }
        return pieces
    }

    private var segments: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".pieces") }.sorted()
    }

    @Test func `gives pieces back in their order, and leaves nothing behind`() throws {
        let spool = try spool(most: 4 << 20)
        let pieces = (0..<40).map { piece($0 * 50_000, 50_000) }
        for piece in pieces[..<30] { #expect(spool.add(piece) == nil) }
        var taken = [spool.oldest()?.piece]
        #expect(spool.oldest()?.piece == pieces[0], "what was not sent is asked for again")
        if let first = spool.oldest() { spool.sent(first) }
        for piece in pieces[30...] { #expect(spool.add(piece) == nil) }
        #expect(segments.count > 1)
        taken += takeAll(spool).map { $0 }
        #expect(taken == pieces && spool.waitingBytes == 0 && spool.lostBytes == 0)
        #expect(spool.oldest() == nil)
        spool.end()
        #expect(segments.isEmpty)
        // It goes on all the same.
        #expect(spool.add(piece(7, 7)) == nil && takeAll(spool) == [piece(7, 7)])
    }

    @Test func `outlives its program, and is its owner's alone`() throws {
        do {
            let spool = try spool()
            for number in 0..<5 { _ = spool.add(piece(number, 1000)) }
            if let first = spool.oldest() { spool.sent(first) }
            #expect(throws: Failure("--spool \(path): another program sends from there; choose another folder")) {
                try self.spool()
            }
        }
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
        #expect(stat("\(path)/\(segments[0])", &status) == 0 && status.st_mode & 0o777 == 0o600)
        // A program that another test starts at this moment has the lock until it has begun.
        let again = try eventually("the spool is locked") { try? spool() }
        #expect(again.waitingBytes > 5000)
        _ = again.add(piece(5, 1000))
        // A segment is sent from its beginning: who reads knows what it has.
        #expect(takeAll(again) == (0..<6).map { piece($0, 1000) })
        again.end()
        #expect(segments.isEmpty && again.lostBytes == 0)
    }

    @Test func `gives up the oldest where it is full, and says how much`() throws {
        let spool = try spool()
        let pieces = (0..<40).map { piece($0 * 60_000, 60_000) }
        let held = { spool.oldest() }
        var complaints: [String] = []
        for (number, piece) in pieces.enumerated() {
            complaints += [spool.add(piece)].compactMap { $0 }
            if number == 0 { _ = held() }
        }
        #expect(complaints.count == 1 && complaints[0].contains("the oldest that was not sent is lost"))
        let left = takeAll(spool)
        // From some piece on all are there, and about as much as was asked for.
        #expect(left == pieces.suffix(left.count) && left.count > 8 && left.count <= 17)
        let lost = UInt64((pieces.count - left.count) * 60_000)
        // The first was taken to be sent when its segment went, and nobody has sent it.
        spool.end()
        #expect(spool.lostBytes >= lost - 60_000 && spool.lostBytes < lost + 6000)
    }

    @Test func `passes over what is torn or damaged, and counts what is lost`() throws {
        do {
            let spool = try spool()
            for number in 0..<6 { _ = spool.add(piece(number, 100_000)) }
        }
        #expect(segments.count == 2)
        let first = URL(fileURLWithPath: "\(path)/\(segments[0])")
        var bytes = try Data(contentsOf: first)
        bytes[150_000] ^= 1
        try bytes.write(to: first)
        let last = URL(fileURLWithPath: "\(path)/\(segments[1])")
        try Data(contentsOf: last).dropLast().write(to: last)
        let spool = try eventually("the spool is locked") { try? self.spool() }
        let taken = takeAll(spool)
        #expect(
            taken.first == piece(0, 100_000) && !taken.contains(piece(1, 100_000)) && !taken.contains(piece(5, 100_000))
        )
        #expect(taken.contains(piece(3, 100_000)))
        // The damage, to its segment's end; of the one that is torn its writer was killed.
        #expect(spool.lostBytes > 200_000 && spool.lostBytes < 202_000, "\(spool.lostBytes)")
    }

    @Test func `says where it can't be`() throws {
        try Data().write(to: URL(fileURLWithPath: path))
        #expect { try spool() } throws: { "\($0)".hasPrefix("--spool \(path): can't be made") }
    }
}
