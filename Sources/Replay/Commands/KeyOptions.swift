import ArgumentParser
import Console
import Glibc
import Shared

/// `--tls-keys`.
struct KeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A key log, as SSLKEYLOGFILE makes programs write it, or a pcapng file that holds one: opens the TLS of its sessions. "
                + "May be repeated.",
            valueName: "file"),
        completion: .file())
    var tlsKeys: [String] = []

    /// The secrets of all files; a line that is none is said, and no error: a key log that is still being written ends
    /// anywhere.
    func read() throws(Failure) -> [TLSSecret] {
        var secrets: [TLSSecret] = []
        for path in tlsKeys {
            if let held = try Self.held(path) {
                secrets += held
                continue
            }
            let log = try Self.read(path)
            if log.badLines > 0 {
                let lines = Quantity.count(log.badLines, "line")
                Terminal.complain("\(path): \(lines) that a key log does not have, first line \(log.firstBadLine)")
            }
            guard !log.secrets.isEmpty || log.badLines == 0 else {
                throw Failure(
                    "--tls-keys \(path): is no key log; its lines are a label, a client's random and a secret")
            }
            secrets += log.secrets
        }
        return secrets
    }

    /// The secrets that a pcapng file holds, in its Decryption Secrets Blocks; `nil` for what is none.
    private static func held(_ path: String) throws(Failure) -> [TLSSecret]? {
        // What comes by a pipe can be read only once.
        guard Input.isFile(path) else { return nil }
        let input = try Input.open(path)
        guard PcapngFile.isPcapng(input.bytes.head) else { return nil }
        var file = PcapngFile(input.bytes)
        var secrets: [TLSSecret] = []
        var goesOn = true
        while goesOn {
            goesOn = file.next() != nil
            for case .secret(let secret) in file.takeFacts() { secrets.append(secret) }
        }
        if let failure = file.failure { throw Failure("--tls-keys \(path): \(failure)") }
        guard !secrets.isEmpty else { throw Failure("--tls-keys \(path): holds no secrets of TLS") }
        return secrets
    }

    static func read(_ path: String) throws(Failure) -> KeyLog {
        guard let bytes = TextFile.bytes(path) else {
            throw Failure("--tls-keys \(path): can't be read: \(String(cString: strerror(errno)))")
        }
        return KeyLog(bytes.span.bytes)
    }
}
