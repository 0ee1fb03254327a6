import Foundation
import Testing

/// Everything that captures live: one profiler at a time, and real processes that the tests start themselves.
///
/// Where BPF can't be loaded these tests fail; with TAPEDECK_SKIP_LIVE=1 they are left out, and a line says so.
@Suite(.serialized, .disabled("TAPEDECK_SKIP_LIVE=1") { Conditions.skipLive })
enum Live {}

enum Conditions {
    static let skipLive: Bool = {
        guard ProcessInfo.processInfo.environment["TAPEDECK_SKIP_LIVE"] == "1" else { return false }
        FileHandle.standardError.write(
            Data("not tested, TAPEDECK_SKIP_LIVE=1: live capture, and that live and replay agree\n".utf8))
        return true
    }()

    /// Seconds after which a program that should have done something is taken to hang.
    static let patience = 10.0
}

/// What a test can't go on without.
struct Failed: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
