/// The environments of profiled processes: YAML, one document a process (docs/contract.md, section 4).
///
/// Every value is in double quotes, so that no reader takes one for a number; what is not UTF-8 is `!!binary`. An entry
/// without `=`, as programs that rename themselves leave it behind, is a variable without a value: the empty one.
struct EnvironmentFile {
    private let prefixes: [[UInt8]]
    private let redactor: Redactor?
    private let limit: Int
    /// What was written of the processes that live.
    private var written: [ProcessKey: ProcessIdentity] = [:]
    private var yaml = YAMLWriter(.libyaml)

    /// - Parameters:
    ///   - prefixes: of the variables that are kept; empty: all.
    ///   - redactor: hides values that look like credentials; `nil`: they are shown.
    init(prefixes: [String], redactor: Redactor?, limits: Limits) {
        self.prefixes = prefixes.map { Array($0.utf8) }
        self.redactor = redactor
        limit = limits.participants
    }

    /// Bytes that were written and not taken yet.
    var count: Int { yaml.bytes.count }

    /// Lends the documents written since the last call, and forgets them.
    mutating func drain(_ body: (RawSpan) -> Void) {
        body(yaml.bytes.span.bytes)
        yaml.removeAll(keepingAtMost: 1 << 20)
    }

    /// Writes what is known of a process, unless the same was written before.
    mutating func write(_ process: ProcessIdentity) {
        if process.environment == .unavailable("") { return }
        var shown = process
        shown.comm = ""
        guard written[process.key] != shown else { return }
        // Without room a process may be written twice, but never not at all.
        if written.count < limit || written[process.key] != nil { written[process.key] = shown }
        writeHead(process)
        if case .block(let block) = process.environment { writeVariables(block) }
    }

    /// The process is gone.
    mutating func end(_ process: ProcessKey) { written[process] = nil }

    // MARK: - Documents

    private mutating func writeHead(_ process: ProcessIdentity) {
        let commandLine = redactor?.shown(process.commandLine) ?? process.commandLine
        yaml.beginDocument()
        yaml.key("adi_profile_pid")
        yaml.number(process.key.pid)
        write("adi_profile_match", process.profile)
        if process.profileName != "" { write("adi_profile_name", process.profileName) }
        write("adi_profile_cmdline", commandLine)
        if case .unavailable(let reason) = process.environment { write("error", reason) }
    }

    private mutating func write(_ key: StaticString, _ text: String?) {
        guard let text else { return }
        yaml.key(key)
        yaml.quoted(text)
    }

    private mutating func writeVariables(_ block: [UInt8]) {
        let variables = variables(block)
        yaml.key("adi_profile_env")
        guard !variables.isEmpty else { return yaml.plain("{}") }
        yaml.beginBlock()
        for (name, value) in variables {
            if let text = String(validating: name, as: UTF8.self) {
                yaml.key(text)
            } else {
                yaml.key(binary: name.span.bytes)
            }
            let shown = redactor?.shown(value, ofVariable: name) ?? value
            if let text = String(validating: shown, as: UTF8.self) {
                yaml.quoted(text)
            } else {
                yaml.binary(shown.span.bytes)
            }
        }
        yaml.endBlock()
    }

    /// The variables that are kept, in the block's order; of two with the same name the first counts, as for getenv(3).
    private func variables(_ block: [UInt8]) -> [(name: [UInt8], value: [UInt8])] {
        var variables: [(name: [UInt8], value: [UInt8])] = []
        var names: Set<[UInt8]> = []
        for entry in block.split(separator: 0) {
            let equals = entry.firstIndex(of: UInt8(ascii: "=")) ?? entry.endIndex
            let name = Array(entry[..<equals])
            guard prefixes.isEmpty || prefixes.contains(where: { name.starts(with: $0) }) else { continue }
            if names.insert(name).inserted { variables.append((name, Array(entry[equals...].dropFirst()))) }
        }
        return variables
    }
}
