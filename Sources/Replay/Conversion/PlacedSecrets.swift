import Console
import Shared

/// Secrets that a library gave without the session that they are of, which a key log must name: what they open tells it.
enum PlacedSecrets {
    /// Reads a tape through the pipeline, if it is a file that has such secrets.
    /// - Parameter secrets: what is known beside the tape.
    /// - Returns: those that opened something, each with its session.
    static func find(in inputs: [String], _ secrets: [TLSSecret]) throws(Failure) -> [TLSSecret] {
        // A capture of packets has key logs, which name them.
        guard inputs.allSatisfy(Input.isFile), try hasTrace(inputs) else { return [] }
        let search = UnplacedSecretSearch()
        _ = try WrittenTape.read(inputs, search)
        guard search.hasFound else { return [] }
        var options = Profiler.Options()
        options.eventLog = false
        options.environments = false
        options.secrets = secrets
        let profiler = Profiler(options)
        _ = try WrittenTape.read(inputs, profiler)
        profiler.finish()
        return profiler.placedSecrets
    }

    private static func hasTrace(_ inputs: [String]) throws(Failure) -> Bool {
        for input in inputs where try Input.open(input, readsAhead: false).isTrace { return true }
        return false
    }
}

/// Whether a tape has a secret whose session it does not name.
private final class UnplacedSecretSearch: EventSink {
    private(set) var hasFound = false

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        if case .secret(let secret) = event.kind, secret.keyLogLine == nil { hasFound = true }
    }
}
