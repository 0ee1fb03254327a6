@testable import Shared

/// A trace in either form: what is read does not depend on the pieces in which the file comes, and what was read,
/// written down in either form and read again is the same.
func fuzzTrace(_ file: [UInt8]) {
    for contents in [read(file, TraceReader.self), read(file, TraceTextReader.self)] {
        guard contents.error == nil, !contents.entries.isEmpty else { continue }
        let binary = TraceContents(contents.binary, TraceReader.self)
        require(binary.entries == contents.entries && binary.damaged == 0, "written and read again, other events")
        let text = TraceContents(contents.text, TraceTextReader.self)
        require(text.entries == contents.entries, "written as text and read again, other events: \(text.complaints)")
    }
}

private func read<Reader: TraceReading>(_ file: [UInt8], _ type: Reader.Type) -> TraceContents {
    let whole = TraceContents(file, type)
    var random = SeededRandom(of: file)
    let pieceLength = 1 + random.below(300)
    require(TraceContents(file, type, pieceLength: pieceLength) == whole, "\(type) by \(pieceLength), other contents")
    return whole
}
