import ArgumentParser
import Console
import FoundationEssentials
import Glibc
import Shared

/// `profiler status`: how a capture stands that runs.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how a profiler stands that runs with --status-socket.")

    /// Where the service of the package answers.
    private static let usualSocket = "/run/tapedeck/profiler.sock"

    @Option(
        help: ArgumentHelp(
            "Where it answers (or TAPEDECK_STATUS_SOCKET; default: \(usualSocket)).", valueName: "socket"),
        completion: .file())
    var statusSocket: String?

    @Flag(help: "Print its answer as it is: one JSON object.")
    var json = false

    func run() throws {
        let variable = Terminal.environment("TAPEDECK_STATUS_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let path = statusSocket ?? variable ?? Self.usualSocket
        let answer = try StatusSocket.ask(path)
        if json { return try StandardOutput.write(String(decoding: answer, as: UTF8.self)) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let status = try? decoder.decode(StatusAnswer.self, from: Data(answer)) else {
            throw Failure("\(path): what answers there is no profiler, or one of another version")
        }
        try StandardOutput.write(status.text(Terminal.style(STDOUT_FILENO)))
    }
}

/// What is read of the answer; the members are `CaptureStatus.json`'s.
struct StatusAnswer: Decodable {
    struct File: Decodable {
        var path: String
        var bytes: UInt64
    }
    struct Connections: Decodable {
        var opened: UInt64
    }
    struct Bytes: Decodable {
        var gaps: [String: UInt64]
    }

    var version: String
    var pid: Int32
    var since: String
    var uptimeS: Int64
    var processes: UInt64
    var openConnections: UInt64
    var exchanges: UInt64
    var exchangesPerSecond: Double
    var complete: Bool
    var files: [String: File]
    var connections: Connections
    var bytes: Bytes
    var unwritten: [String: UInt64]?
    var rejected: [String: UInt64]?
    var lost: [String: UInt64]

    func text(_ style: TextStyle) -> String {
        var report = SummaryReport(style)
        let second = String(since.prefix("2026-11-29T13:40:02".count).replacing("T", with: " "))
        report.line(
            "Watching",
            [
                "for \(Quantity.duration(nanoseconds: uptimeS &* 1_000_000_000))", "since \(style.safe(second)) UTC",
                "pid \(pid)", "version \(style.safe(version))",
            ])
        report.line("Processes", [Quantity.count(processes)])
        report.line(
            "Connections", ["\(Quantity.count(openConnections)) open", "\(Quantity.count(connections.opened)) in all"])
        report.line(
            "Exchanges", [Quantity.count(exchanges), "\(CaptureStatus.tenths(exchangesPerSecond)) a second"])
        report.line("Lost", complete ? ["nothing"] : losses.map(style.safe), tone: complete ? .good : .bad)
        report.add(
            Summary.OutputKind.allCases.compactMap { kind in
                files[SummaryJSON.snakeCase("\(kind)")].map {
                    CaptureStatus.File(kind: kind, path: $0.path, bytes: $0.bytes)
                }
            }, style)
        return report.text
    }

    /// In the order of their names; the answer's own order is not kept by who decodes it.
    private var losses: [String] {
        func sorted(_ counts: [String: UInt64]) -> [(name: String, count: UInt64)] {
            counts.sorted { $0.key < $1.key }.map { (name: Self.words($0.key), count: $0.value) }
        }
        return sorted(lost).map { "\($0.name) \(Quantity.count($0.count))" }
            + sorted(bytes.gaps).map { "\(Quantity.bytes($0.count)) \($0.name)" }
            + sorted(unwritten ?? [:]).map { "\(Quantity.bytes($0.count)) of the \($0.name) not written" }
            + sorted(rejected ?? [:]).map { "\(Quantity.count($0.count)) \($0.name) not taken by the collector" }
    }

    /// `ring_full` as `ring full`.
    private static func words(_ name: String) -> String { name.replacing("_", with: " ") }
}
