@testable import Shared

/// A state from anywhere is added, or refused with a reason; what was added is written as one that is added and written again as it
/// is, and a map is made of it.
func fuzzState(_ file: [UInt8]) {
    add(file)
    // Nothing but the checksum keeps most changes from being read.
    guard StateFormat.isState(file.span.bytes), file.count > 2 * StateFormat.checksumBytes else { return }
    let content = file.dropLast(StateFormat.checksumBytes)
    add(Array(content) + StateFormat.checksum(content))
}

private func add(_ file: [UInt8]) {
    guard let first = state(of: file) else { return }
    guard let second = state(of: first) else { fatalError("what was written is refused") }
    require(second == first, "added and written again, another state")
}

/// What is written of a state that was added; `nil` where it was refused.
private func state(of file: [UInt8]) -> [UInt8]? {
    var options = Profiler.Options()
    options.journal = .first(0)
    let profiler = Profiler(options)
    profiler.finish()
    guard let source = try? profiler.add(state: file) else { return nil }
    let map = profiler.serviceMap(withBodies: true)
    _ = ServiceMapFile.yaml(map)
    for table in MapTable.allCases { _ = table.rows(map) }
    _ = SummaryJSON.text(profiler.summary)
    return profiler.state(source)
}
