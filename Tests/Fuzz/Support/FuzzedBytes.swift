/// An input's bytes as a file that is read in pieces, cut where `random` says.
final class FuzzedBytes: ByteSource {
    private let bytes: [UInt8]
    private var random: SeededRandom?
    private var taken = 0
    var failure: String? { nil }
    var filePosition: UInt64 { UInt64(taken) }

    /// - Parameter random: where to cut; without it as much is read as is wanted.
    init(_ bytes: [UInt8], cutBy random: SeededRandom? = nil) {
        self.bytes = bytes
        self.random = random
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var count = min(buffer.count, bytes.count - taken)
        if count > 1, let longest = random?.below(200) { count = min(count, 1 + longest) }
        buffer.copyBytes(from: bytes[taken..<(taken + count)])
        taken += count
        return count
    }
}

extension SeededRandom {
    /// Numbers that follow from the input: what it breaks it breaks again.
    init(of bytes: [UInt8]) {
        // FNV-1a.
        self.init(seed: bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 })
    }
}

/// Bytes that are taken from the front of an input; beyond its end there are zeros, or none.
struct FuzzedFields {
    private(set) var rest: ArraySlice<UInt8>
    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// A run of bytes, led by its length in two bytes.
    mutating func run() -> [UInt8] {
        let (low, high) = (Int(byte()), Int(byte()))
        let run = rest.prefix(low | high << 8)
        rest = rest.dropFirst(run.count)
        return Array(run)
    }

    /// The form that `run` reads; what is longer than a run can be is cut.
    static func run(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let bytes = Array(bytes.prefix(0xFFFF))
        return [UInt8(bytes.count & 0xFF), UInt8(bytes.count >> 8)] + bytes
    }
}

/// Lends a copy that ends where its memory does, so that the sanitizer sees a read of one byte more.
func withExactCopy<Result>(_ bytes: some Collection<UInt8>, _ body: (RawSpan) -> Result) -> Result {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return body(UnsafeRawBufferPointer(copy).bytes)
}
