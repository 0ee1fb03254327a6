import Foundation

@testable import replay

/// A folder that goes when the test ends.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/replay-tests.XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? ""
        }
        precondition(!path.isEmpty, "no temporary folder")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) -> String {
        let file = path + "/" + name
        try? FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        precondition(FileManager.default.createFile(atPath: file, contents: Data(bytes)), "can't write \(file)")
        return file
    }

    func text(_ name: String) -> String? { TextFile.read(path + "/" + name) }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// Runs programs, first of all `replay` as it was built beside the tests.
enum Executable {
    struct Outcome {
        var status: Int32
        var wasKilled: Bool
        var output: String
        var errors: String
    }

    static let replay: String = {
        // Beside the test bundle.
        let folder = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }
            .map { ($0 as NSString).deletingLastPathComponent }
        let candidates = [
            folder, ProcessInfo.processInfo.arguments.first.map { ($0 as NSString).deletingLastPathComponent },
        ]
        return candidates.compactMap { $0.map { $0 + "/replay" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? ".build/debug/replay"
    }()

    static func replay(
        _ arguments: [String], input: [UInt8]? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        try run(replay, arguments, input: input, environment: environment)
    }

    static func run(
        _ program: String, _ arguments: [String], input: [UInt8]? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        // Files, not pipes: nothing can fill up, and standard input may be closed before it is read.
        let folder = TemporaryFolder()
        let (output, errors) = (folder.write("output", []), folder.write("errors", []))
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        process.standardInput =
            input.map { FileHandle(forReadingAtPath: folder.write("input", $0)) } ?? FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
            output: TextFile.read(output) ?? "", errors: TextFile.read(errors) ?? "")
    }
}
