private import CLibbpf
import Glibc

/// A program or a library as it lies on disk (ELF: elf(5)), read piece by piece.
///
/// It is not mapped: whoever cut it meanwhile would end the profiler.
struct ProgramFile {
    /// What of the file is brought into memory.
    struct Segment {
        var offset: UInt64
        var address: UInt64
        var count: UInt64
        var isExecutable: Bool

        func contains(address: UInt64) -> Bool { address >= self.address && address - self.address < count }
    }

    /// What names the very build (`.note.gnu.build-id`); empty where it has none.
    private(set) var buildID: [UInt8] = []
    private(set) var segments: [Segment] = []
    private let descriptor: Int32

    /// More than any program has.
    private static let segmentLimit = 256
    /// So much is searched of a segment at the most, bytes.
    private static let searchLimit: UInt64 = 1 << 30
    private static let pieceBytes = 1 << 20

    /// - Parameter descriptor: stays open as long as the file is read.
    /// - Returns: `nil` for what is no program of this machine.
    init?(_ descriptor: Int32) {
        self.descriptor = descriptor
        let head = bytes(at: 0, count: 64)
        // 64 bits, little-endian; ET_EXEC or ET_DYN.
        guard head.count == 64, Array(head[..<6]) == [0x7F, 0x45, 0x4C, 0x46, 2, 1],
            2...3 ~= head.number(16, 2), head.number(18, 2) == Self.machine
        else { return nil }
        let (table, size, count) = (head.number(32, 8), head.number(54, 2), head.number(56, 2))
        guard size == 56, count <= Self.segmentLimit else { return nil }
        let rows = bytes(at: table, count: Int(size * count))
        for row in stride(from: 0, to: rows.count - 55, by: 56) {
            let segment = Segment(
                offset: rows.number(row + 8, 8), address: rows.number(row + 16, 8), count: rows.number(row + 32, 8),
                isExecutable: rows.number(row + 4, 4) & 1 != 0)
            let (end, goesAround) = segment.offset.addingReportingOverflow(segment.count)
            guard !goesAround, end <= Int64.max, !segment.address.addingReportingOverflow(segment.count).overflow else {
                return nil
            }
            switch rows.number(row, 4) {
            case 1: segments.append(segment)
            case 4: if buildID.isEmpty { buildID = buildID(in: segment) }
            default: break
            }
        }
    }

    /// A section by its name's end, where the file still has its table of them.
    func section(named suffix: String) -> Segment? {
        let head = bytes(at: 0, count: 64)
        let (table, size, count) = (head.number(40, 8), head.number(58, 2), head.number(60, 2))
        guard size == 64, count > 0 else { return nil }
        let rows = bytes(at: table, count: Int(size * count))
        let names = Int(head.number(62, 2)) * 64
        guard names + 64 <= rows.count else { return nil }
        let texts = bytes(at: rows.number(names + 24, 8), count: Int(min(rows.number(names + 32, 8), 1 << 16)))
        for row in stride(from: 0, to: rows.count - 63, by: 64) {
            let start = Int(rows.number(row, 4))
            guard start < texts.count else { continue }
            let name = String(decoding: texts[start...].prefix { $0 != 0 }, as: UTF8.self)
            guard name.hasSuffix(suffix) else { continue }
            return Segment(
                offset: rows.number(row + 24, 8), address: rows.number(row + 16, 8), count: rows.number(row + 32, 8),
                isExecutable: rows.number(row + 8, 8) & 4 != 0)
        }
        return nil
    }

    #if arch(arm64)
        /// EM_AARCH64.
        private static let machine: UInt64 = 183
    #else
        /// EM_X86_64.
        private static let machine: UInt64 = 62
    #endif

    /// NT_GNU_BUILD_ID is 3; names and contents are filled up to four bytes.
    private func buildID(in notes: Segment) -> [UInt8] {
        let bytes = bytes(at: notes.offset, count: Int(min(notes.count, 4096)))
        var place = 0
        while place + 12 <= bytes.count {
            let (name, content) = (Int(bytes.number(place, 4)), Int(bytes.number(place + 4, 4)))
            let start = place + 12 + (name + 3) & ~3
            guard start + content <= bytes.count else { break }
            let isGNU = name == 4 && Array(bytes[(place + 12)..<(place + 16)]) == [0x47, 0x4E, 0x55, 0]
            if isGNU, bytes.number(place + 8, 4) == 3 { return Array(bytes[start..<(start + content)]) }
            place = start + (content + 3) & ~3
        }
        return []
    }

    /// - Returns: fewer where the file ends, or can't be read.
    func bytes(at offset: UInt64, count: Int) -> [UInt8] {
        guard offset <= Int64.max, count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let place = off_t(offset) + off_t(filled)
                let read = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, place)
                guard read > 0 else { break }
                filled += read
            }
        }
    }

    /// - Returns: what stands at an address; fewer bytes where its segment ends.
    func bytes(atAddress address: UInt64, count: Int) -> [UInt8] {
        guard let segment = segments.first(where: { $0.contains(address: address) }) else { return [] }
        let start = address - segment.address
        return bytes(at: segment.offset + start, count: Int(min(UInt64(count), segment.count - start)))
    }

    /// The place in the file of what stands at an address.
    func offset(of address: UInt64) -> UInt64? {
        segments.first { $0.contains(address: address) }.map { $0.offset + (address - $0.address) }
    }

    /// Gives a segment to `look`, in pieces that share so many bytes with the one before.
    /// - Parameter look: gets a piece, and the address of its first byte.
    func search(_ segment: Segment, overlap: Int, _ look: (_ piece: UnsafeRawBufferPointer, _ address: UInt64) -> Void)
    {
        var start: UInt64 = 0
        let end = min(segment.count, Self.searchLimit)
        while start < end {
            let piece = bytes(at: segment.offset + start, count: Int(min(UInt64(Self.pieceBytes), end - start)))
            piece.withUnsafeBytes { look($0, segment.address + start) }
            guard piece.count == Self.pieceBytes else { return }
            start += UInt64(Self.pieceBytes - overlap)
        }
    }
}

extension [UInt8] {
    /// A little-endian number; 0 where it is not all there.
    func number(_ place: Int, _ count: Int) -> UInt64 {
        guard place >= 0, place + count <= self.count else { return 0 }
        return (0..<count).reduce(0) { $0 | UInt64(self[place + $1]) << UInt64(8 * $1) }
    }
}

extension UnsafeRawBufferPointer {
    /// Where bytes stand in it, one place after the other.
    func places(of needle: [UInt8], _ found: (Int) -> Void) {
        var start = 0
        while start + needle.count <= count, let base = baseAddress,
            let place = memmem(base + start, count - start, needle, needle.count)
        {
            let offset = UnsafeRawPointer(place) - base
            found(offset)
            start = offset + 1
        }
    }
}
