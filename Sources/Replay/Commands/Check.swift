import ArgumentParser
import Command
import Console
import Dispatch
import Glibc
import Shared
import Synchronization

/// `replay check DIR…`, comparing fixtures with their goldens.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Replay fixtures and compare with what is expected.",
        discussion: """
            A fixture is a folder with a tape (input.pcap or input.pcapng, also with .gz, input.tape, input.jsonl, or input.state) and what its replay gives: \
            events.jsonl, service_map.yaml and summary.json. A file `names` in it gives names to addresses, as --names does. \
            A file contract.yaml says what may be there, in the form of a service map, whose numbers may be left out: what is there and not \
            in it differs, and what is in it and not there does not; with it, the outputs may all be missing. \
            Exit status 1 says that something differs.
            """)

    @Argument(help: "Folders with fixtures in them or below them.", completion: .directory)
    var folders: [String]

    @Flag(help: "Write what the replay gives now as what is expected.")
    var update = false

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Replay so many fixtures at once (default: one a processor).", valueName: "number"))
    var threads: NumberArgument?

    func run() throws {
        let threads =
            try threads?.number("--threads", in: 1...Int.max) ?? max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)
        var fixtures: [Fixture] = []
        for folder in folders {
            let found = try Fixture.below(folder)
            guard !found.isEmpty else {
                throw Failure("\(folder): no fixtures; a fixture is a folder with a tape, \(Fixture.tapes[0]) for one")
            }
            fixtures += found
        }
        let results = replay(fixtures, threads: threads)
        let style = Terminal.style(STDOUT_FILENO)
        let text = json ? CheckReport.json(results) : CheckReport.text(results, style)
        try StandardOutput.write(text)
        if results.contains(where: { $0.isDifferent }) { throw ExitCode(1) }
    }

    /// Each fixture on its own, several at a time; the results in the fixtures' order.
    private func replay(_ fixtures: [Fixture], threads: Int) -> [CheckResult] {
        let results = Mutex<[Int: CheckResult]>([:])
        let next = Atomic(0)
        let update = update
        DispatchQueue.concurrentPerform(iterations: min(threads, fixtures.count)) { _ in
            while true {
                let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard place < fixtures.count else { return }
                let result = CheckResult(fixtures[place], update: update)
                results.withLock { $0[place] = result }
            }
        }
        return results.withLock { results in fixtures.indices.compactMap { results[$0] } }
    }
}

/// What became of a fixture.
struct CheckResult: Sendable {
    var folder: String
    var files: [File] = []
    /// What is there and not in the contract; `nil` where there is no contract.
    var beyond: [MapDifference.Change]?
    /// Why it could not be replayed or updated.
    var failure: String?

    struct File: Sendable {
        var name: String
        var state: State
    }

    /// What a golden is beside what the replay gave.
    enum State: Sendable {
        case same
        case missing
        case differs(old: String, new: String)
        /// It was written anew; `nil` where there was none before.
        case written(changedLines: Int?)
    }

    init(_ fixture: Fixture, update: Bool) {
        folder = fixture.folder
        do throws(Failure) {
            let outcome = try fixture.replay()
            beyond = outcome.beyond
            // Who has agreed on what may be there need not say what is.
            let hasNone = !outcome.goldens.contains { access(fixture.path($0.name), F_OK) == 0 }
            if beyond != nil, hasNone { return }
            for golden in outcome.goldens {
                let (name, content) = (golden.name, golden.content)
                let path = fixture.path(name)
                let expected = TextFile.bytes(path)
                if expected == content {
                    files.append(File(name: name, state: .same))
                } else if update {
                    let file = try OutputFile(path, option: "check --update", mode: 0o666)
                    try file.write(content.span.bytes)
                    try file.commit()
                    let changed = expected.map { TextDiff(Self.text($0), Self.text(content)).changedLines }
                    files.append(File(name: name, state: .written(changedLines: changed)))
                } else if let expected {
                    files.append(File(name: name, state: .differs(old: Self.text(expected), new: Self.text(content))))
                } else {
                    files.append(File(name: name, state: .missing))
                }
            }
        } catch {
            failure = error.description
        }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the fixture is not as expected, and was not made so.
    var isDifferent: Bool {
        failure != nil || !(beyond ?? []).isEmpty
            || files.contains { file in
                switch file.state {
                case .same, .written: false
                case .missing, .differs: true
                }
            }
    }
}
