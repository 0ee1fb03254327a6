import Foundation

/// What can be fuzzed; `run.sh` names one by the variable FUZZ_TARGET.
enum Target: String, CaseIterable {
    case codecs, detectors, http, http2, json, pcapng, replay, state, tls, trace, websocket

    static let chosen: Target = {
        let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
        guard let target = Target(rawValue: name) else {
            fatalError("FUZZ_TARGET=\(name): choose one of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return target
    }()

    func run(_ bytes: [UInt8]) {
        switch self {
        case .codecs: fuzzCodecs(bytes)
        case .detectors: fuzzDetectors(bytes)
        case .http: fuzzHTTP(bytes)
        case .http2: fuzzHTTP2(bytes)
        case .json: fuzzJSON(bytes)
        case .pcapng: fuzzPcapng(bytes)
        case .replay: fuzzReplay(bytes)
        case .state: fuzzState(bytes)
        case .tls: fuzzTLS(bytes)
        case .trace: fuzzTrace(bytes)
        case .websocket: fuzzWebSocket(bytes)
        }
    }
}

/// libFuzzer calls this before it reads its corpus: FUZZ_SEEDS is a folder that gets the fixtures in the target's form.
///
/// FUZZ_RUNS says that so many inputs are to be run without it.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_: UnsafeMutablePointer<Int32>, _: UnsafeMutableRawPointer) -> Int32 {
    let environment = ProcessInfo.processInfo.environment
    if let runs = environment["FUZZ_RUNS"].flatMap({ Int($0) }), let running = environment["FUZZ_RUNNING"] {
        SeededRuns(target: .chosen, count: runs, running: running).run()
        exit(0)
    }
    if let folder = environment["FUZZ_SEEDS"] { Seeds(Target.chosen).write(to: folder) }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    Target.chosen.run([UInt8](UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// Ends the run where something does not hold, with what it was; libFuzzer keeps the input.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { fatalError(what()) }
}

/// Both are the same; else the first place at which they are not is shown.
func requireEqual(_ a: String, _ b: String, _ what: String) {
    guard a != b else { return }
    let (left, right) = (Array(a.utf8), Array(b.utf8))
    let place = zip(left, right).enumerated().first { $1.0 != $1.1 }?.offset ?? min(left.count, right.count)
    func around(_ bytes: [UInt8]) -> String {
        String(decoding: bytes[max(0, place - 300)..<min(bytes.count, place + 300)], as: UTF8.self)
    }
    fatalError("\(what), byte \(place)\n--- one\n\(around(left))\n--- other\n\(around(right))")
}
