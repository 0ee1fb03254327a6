/// Undoes OP_COMPRESSED: specifications repository, "Wire Compression in Drivers".
final class MongoDBUnpacker {
    private enum Compressor {
        case none
        case snappy
        case content(ContentDecoder)
        case unknown
    }

    private let compressor: Compressor
    private var snappy = SnappyDecoder()
    /// What was undone and not read yet.
    private var kept = UniqueBytes()
    private(set) var hasFailed = false
    /// Nothing more is to be read.
    private var isDone = false

    init(_ id: UInt8, _ run: Run) {
        switch id {
        case 0: compressor = .none
        case 1: compressor = .snappy
        case 2, 3:
            let decoder = run.takeDecoder()
            decoder.begin(id == 2 ? .deflate : .zstd)
            compressor = .content(decoder)
        default:
            compressor = .unknown
            hasFailed = true
        }
    }

    var held: Int { kept.count }

    func unpack(_ bytes: RawSpan, into reader: MongoDBReader) {
        guard !hasFailed, !isDone else { return }
        switch compressor {
        case .none: _ = read(bytes, reader)
        case .snappy:
            snappy.decode(bytes) { self.read($0, reader) }
            hasFailed = snappy.hasFailed && !isDone
        case .content(let decoder):
            decoder.decode(bytes) { self.read($0, reader) }
            hasFailed = decoder.state == .failed && !isDone
        case .unknown: break
        }
    }

    /// - Returns: `false` where nothing more is to be read.
    private func read(_ piece: RawSpan, _ reader: MongoDBReader) -> Bool {
        kept.append(piece)
        var input = UniqueBytes()
        swap(&input, &kept)
        let progress = reader.read(input.bytes)
        if progress.used < input.count { kept.append(input.bytes.extracting(progress.used...)) }
        isDone = progress.needs == 0
        return !isDone
    }

    func letGo(_ run: Run) {
        if case .content(let decoder) = compressor { run.giveBack(decoder) }
    }
}
