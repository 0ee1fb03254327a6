import Foundation

package enum Conditions {
    package static let skipLive: Bool = {
        guard ProcessInfo.processInfo.environment["TAPEDECK_SKIP_LIVE"] == "1" else { return false }
        FileHandle.standardError.write(
            Data("not tested, TAPEDECK_SKIP_LIVE=1: live capture, and that live and replay agree\n".utf8))
        return true
    }()

    /// Seconds after which a program that should have done something is taken to hang.
    package static let patience = 10.0
}

/// Asks until there is an answer.
package func eventually<Value>(
    _ what: String, patience: Double = Conditions.patience, _ probe: () throws -> Value?
) throws -> Value {
    let deadline = Date(timeIntervalSinceNow: patience)
    while Date() < deadline {
        if let value = try probe() { return value }
        // So that who is waited for gets the processor.
        usleep(2000)
    }
    throw Failed("\(what): not within \(patience) s")
}

/// What a test can't go on without.
package struct Failed: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
