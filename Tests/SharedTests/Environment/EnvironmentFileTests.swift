import Foundation
import Testing
import Yams

@testable import Shared

/// The environment file: docs/contract.md, section 4.
@Suite struct `Environment file` {
    private static func process(
        _ environment: ProcessEnvironment, pid: Int32 = 12345, name: String? = nil, commandLine: String = "/bin/app -x"
    ) -> ProcessIdentity {
        ProcessIdentity(
            key: ProcessKey(pid: pid, startTime: 7), comm: "app", commandLine: commandLine, profile: "local",
            profileName: name, environment: environment)
    }

    private static func block(_ text: String) -> ProcessEnvironment { .block(Array(text.utf8)) }

    private static func yaml(
        _ processes: [ProcessIdentity], prefixes: [String] = [], redact: Bool = false
    ) -> String {
        var options = Profiler.Options()
        options.environmentPrefixes = prefixes
        options.redact = redact
        let profiler = Profiler(options)
        for process in processes {
            profiler.consume(CapturedEvent(Timestamp(nanoseconds: 1), .process(process)), payload: RawSpan())
        }
        var text = ""
        profiler.drainEnvironment { text += String(decoding: [UInt8]($0), as: UTF8.self) }
        profiler.drainEnvironment { _ in text += "drained twice" }
        return text
    }

    @Test func `is this, byte for byte`() {
        let process = Self.process(
            Self.block("B=2\0A=x: \"y\"\\\0B=3\0yes=\0C=tab\tline\n\u{85}\u{2028}\u{FEFF}😀é\0D=\u{FEFF}x\0title\0=v\0"),
            name: "reviews", commandLine: "python3 \"a\"")
        #expect(
            Self.yaml([process]) == #"""
                ---
                adi_profile_pid: 12345
                adi_profile_match: "local"
                adi_profile_name: "reviews"
                adi_profile_cmdline: "python3 \"a\""
                adi_profile_env:
                  B: "2"
                  A: "x: \"y\"\\"
                  "yes": ""
                  C: "tab\tline\n\N\L\uFEFF\U0001F600é"
                  D: "\uFEFFx"
                  title: ""
                  "": "v"

                """#)
    }

    @Test func `keeps what has the prefixes`() throws {
        let process = Self.process(Self.block("AB=1\0b_=2\0B_C=3\0XB_=4\0"))
        func names(_ prefixes: [String]) throws -> [String] {
            let mapping = try #require(
                try Yams.compose(yaml: Self.yaml([process], prefixes: prefixes))?["adi_profile_env"]?.mapping)
            return mapping.keys.compactMap(\.string)
        }
        #expect(try names([]) == ["AB", "b_", "B_C", "XB_"])
        #expect(try names(["B_", "A"]) == ["AB", "B_C"])
        #expect(Self.yaml([process], prefixes: ["Q"]).hasSuffix("\nadi_profile_env: {}\n"))
        #expect(Self.yaml([Self.process(.block([]))]).hasSuffix("\nadi_profile_env: {}\n"))
    }

    @Test func `has an error where the environment could not be read, and nothing where there is none`() {
        let gone = Self.yaml([Self.process(.unavailable("the process is \"gone\""))])
        #expect(gone.hasSuffix("cmdline: \"/bin/app -x\"\nerror: \"the process is \\\"gone\\\"\"\n"))
        #expect(Self.yaml([Self.process(.unavailable(""))]) == "")
    }

    @Test func `has a process once, and again when it changes`() {
        let (a, b) = (Self.process(Self.block("A=1\0")), Self.process(Self.block("A=1\0"), pid: 2))
        var exec = a
        exec.commandLine = "/bin/other"
        var renamed = a
        renamed.comm = "other"
        #expect(Self.yaml([a, a, renamed, b, a, b]).split(separator: "---").count == 2)
        #expect(Self.yaml([a, exec, exec, b, a]).split(separator: "---").count == 4)
    }

    @Test func `hides credentials only where that is asked for`() {
        let process = Self.process(
            Self.block("DB_PASSWORD=x1\0DB=postgres://u:x2@db/x\0EMPTY_TOKEN=\0"), commandLine: "app http://u:x3@h")
        let open = Self.yaml([process])
        #expect(["x1", "x2", "x3"].allSatisfy { open.contains($0) } && !open.contains("redacted"))
        let text = Self.yaml([process], redact: true)
        #expect(["x1", "x2", "x3"].allSatisfy { !text.contains($0) })
        #expect(text.contains("  DB_PASSWORD: \"[redacted]\"\n  DB: \"postgres://u:[redacted]@db/x\"\n"))
        #expect(text.contains("  EMPTY_TOKEN: \"\"\n") && text.contains("\"app http://u:[redacted]@h\""))
    }

    @Test(arguments: 0..<20) func `gives back any bytes`(_ batch: UInt64) throws {
        for number in 0..<10 {
            var random = SeededRandom(seed: batch << 32 | UInt64(number))
            var variables: [(name: [UInt8], value: [UInt8])] = []
            for place in 0..<6 {
                let value = Self.value(&random)
                // Beyond 128 bytes libyaml writes a name as `? name`, beyond 1024 it must.
                var name = Array("K\(place)_".utf8) + random.letters(random.chance(oneIn: 4) ? 1200 : 5)
                if random.chance(oneIn: 3) { name += Self.value(&random).filter { $0 != UInt8(ascii: "=") } }
                variables.append((name, value))
            }
            let block = variables.flatMap { $0.name + [UInt8(ascii: "=")] + $0.value + [0] }
            let yaml = Self.yaml([Self.process(.block(block))])
            let mapping = try #require(try Yams.compose(yaml: yaml)?["adi_profile_env"]?.mapping)
            try #require(mapping.count == variables.count, "seed \(random.seed)")
            for (node, variable) in zip(mapping, variables) {
                #expect(Self.bytes(node.key) == variable.name, "seed \(random.seed)")
                #expect(Self.bytes(node.value) == variable.value, "seed \(random.seed)")
            }
        }
    }

    /// Text with what YAML could trip over, or any bytes but zero.
    private static func value(_ random: inout SeededRandom) -> [UInt8] {
        if random.chance(oneIn: 3) { return random.bytes(random.below(40)).map { $0 == 0 ? 1 : $0 } }
        let pieces = [
            "\n", "\"", "'", "\t", "\r", "\u{1B}", "\u{7F}", "\u{85}", "\u{A0}", "\u{2028}", "\u{2029}", "\u{FEFF}",
            "😀",
            "é", ": ", " #", "- ", "\\", " ", "a", "0", "~", "{", "%", "---\n", "\u{FFFF}", "true", "=",
        ]
        let text = (0..<random.below(30)).map { _ in pieces[random.below(pieces.count)] }
        // Yams drops a byte order mark that begins a scalar, escaped or not, when it reads; other readers don't.
        return text.drop { $0 == "\u{FEFF}" }.flatMap { Array($0.utf8) }
    }

    private static func bytes(_ node: Yams.Node) -> [UInt8]? {
        guard let scalar = node.scalar else { return nil }
        guard node.tag.description == Tag(.binary).description else { return Array(scalar.string.utf8) }
        return Data(base64Encoded: scalar.string).map { [UInt8]($0) }
    }
}
