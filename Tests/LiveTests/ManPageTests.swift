import Foundation
import TestSupport
import Testing

/// The manual of each program, held against what the program says of itself; none of it needs root.
@Suite struct `The manual` {
    struct Program: CustomTestStringConvertible {
        var path: String
        var page: String
        var subcommands: [String]

        var testDescription: String { page }
    }

    static let programs = [
        Program(path: Programs.profiler, page: "docs/man/profiler.8", subcommands: ["run", "status", "doctor"]),
        Program(
            path: Programs.replay, page: "docs/man/replay.1",
            subcommands: [
                "run", "convert", "check", "grade", "paths", "explain", "export", "state", "diff", "conditions",
                "mcp", "query",
                "redact", "ship",
            ]),
        Program(
            path: Programs.demoServer, page: "docs/man/demo-server.1",
            subcommands: ["serve", "health", "request-logger", "bookinfo"]),
        Program(path: Programs.traffic, page: "docs/man/traffic.1", subcommands: ["run", "scenario"]),
    ]
    /// What ArgumentParser gives to every program.
    static let common: Set = ["-h", "--help", "--version"]

    // MARK: Programs

    private func help(_ program: Program, _ subcommand: String? = nil) throws -> String {
        let outcome = try Child(program.path, [subcommand, "--help"].compactMap { $0 }).wait()
        try #require(outcome.status == 0, "\(program.page) \(subcommand ?? ""): \(outcome.errors)")
        return outcome.output
    }

    /// The options in a help: `-q` and `--quiet`.
    private func options(in help: String) -> Set<String> {
        let lines = help.matches(of: /^  (?:(-\w), )?(--[a-z-]+)/.anchorsMatchLineEndings())
        return Set(lines.flatMap { [$0.1, $0.2].compactMap { $0.map(String.init) } })
    }

    // MARK: Pages

    /// A page's lines below a heading, up to the next one.
    private func lines(_ program: Program, _ heading: String) throws -> [Substring] {
        let text = try String(contentsOfFile: program.page, encoding: .utf8)
        let lines = text.split(separator: "\n")
        let start = try #require(lines.firstIndex { $0 == heading[...] }, "\(program.page): no \(heading)")
        return Array(lines[(start + 1)...].prefix { !$0.hasPrefix(".Sh") && !$0.hasPrefix(".Ss") })
    }

    /// The options that lines of a page name: `Fl q , Fl -quiet`.
    private func options(in lines: some Sequence<Substring>) -> Set<String> {
        Set(lines.flatMap { $0.matches(of: /\bFl (\S+)/) }.map { "-\($0.1)" })
    }

    @Test(arguments: programs) func `has every option, and no other`(_ program: Program) throws {
        for subcommand in program.subcommands {
            let told = options(in: try help(program, subcommand)).subtracting(Self.common)
            let listed = options(
                in: try lines(program, ".Ss Options of \(subcommand)").filter { $0.hasPrefix(".It ") })
            #expect(listed == told, "\(program.page), \(subcommand)")
        }
        let all = options(in: try lines(program, ".Ss Options of all").filter { $0.hasPrefix(".It ") })
        // A program without a subcommand shows its default one's options.
        #expect(Self.common.isSubset(of: options(in: try help(program))))
        #expect(all.subtracting(["--generate-completion-script"]) == Self.common)
    }

    @Test(arguments: programs) func `has every option in its synopsis`(_ program: Program) throws {
        let blocks = try lines(program, ".Sh SYNOPSIS").split { $0 == ".Nm" }
        var seen: [String] = []
        for block in blocks {
            guard let name = block.first?.firstMatch(of: /\bCm (\S+)/)?.1 else { continue }
            seen.append(String(name))
            let told = options(in: try help(program, String(name))).subtracting(Self.common)
            #expect(options(in: block) == told.filter { $0.hasPrefix("--") }, "\(program.page), \(name)")
        }
        #expect(seen == program.subcommands)
        // They are all that there are.
        let dump = try Child(program.path, ["--experimental-dump-help"]).wait().output
        let names = dump.matches(of: /"commandName" : "([^"]+)"/).map { String($0.1) }
        // `launch` is what `profiler run` starts, and for nobody else.
        #expect(
            Set(names).subtracting(["launch"])
                == Set(program.subcommands + ["help", (program.path as NSString).lastPathComponent]))
    }

    @Test(arguments: programs) func `has every variable that a help names`(_ program: Program) throws {
        let listed = try lines(program, ".Sh ENVIRONMENT").filter { $0.hasPrefix(".It Ev ") }
            .flatMap { $0.matches(of: /[A-Z][A-Z_]+/) }.map { String($0.0) }
        for subcommand in program.subcommands {
            let named = try help(program, subcommand).replacing(/\s+/, with: " ")
                .matches(of: /\b(?:or|better) ([A-Z]+_[A-Z_]+|SEED|CONCURRENCY)\b/)
            for variable in named where !listed.contains(String(variable.1)) {
                Issue.record("\(program.page) lacks \(variable.1)")
            }
        }
    }

    @Test(arguments: programs) func `has all its sections, and no line that troff warns of`(_ program: Program) throws {
        let text = try String(contentsOfFile: program.page, encoding: .utf8)
        let sections = text.matches(of: /^\.Sh (.*)/.anchorsMatchLineEndings()).map { String($0.1) }
        let wanted = [
            "NAME", "SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO",
        ]
        #expect(sections.filter { $0 != "CAVEATS" } == wanted)
        let groff = try Programs.find("groff", package: "groff")
        let outcome = try Child(groff, ["-ww", "-mdoc", "-Tutf8", "-z", program.page]).wait()
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    }

    /// The contract's first section has the settings of the profiler.
    @Test func `agrees with the contract`() throws {
        let contract = try String(contentsOfFile: "docs/contract.md", encoding: .utf8)
        let section = try #require(contract.firstMatch(of: /(?s)## 1\..*?## 2\./)).0
        let named = Set(section.matches(of: /`(--[a-z-]+)`/).map { String($0.1) })
        let told = options(in: try help(Self.programs[0], "run")).subtracting(Self.common)
        #expect(named == told.filter { $0.hasPrefix("--") })
    }

    @Test func `has no page of another program`() throws {
        let pages = try FileManager.default.contentsOfDirectory(atPath: "docs/man").map { "docs/man/\($0)" }
        // And of the command that starts them all, which Tests/Package looks at.
        #expect(Set(pages) == Set(Self.programs.map(\.page) + ["docs/man/tapedeck.1"]))
    }
}
