import Console
import Foundation
import Testing

@testable import Shared
@testable import replay

/// A fixture tells of the software that ran, never of the machine that it was recorded on: whoever replays it elsewhere
/// would look for folders that are not there, and whose they were is nobody's business.
@Suite struct `Fixtures and the machine that recorded them` {
    /// Where people and CI keep what is theirs; the temporary folders of scripts and tests are there, too.
    static let folders = ["/work/", "/root", "/home/", "/Users/", "/builds", "/tmp/"]

    /// What a command line on a tape may name by its whole path.
    static let neutral = ["/usr/", "/opt/tapedeck/bin/", "/dev/null"]

    /// Variables that are the same on each machine.
    static let system = ["LANG", "LC_ALL"]

    /// Variables that the scenarios themselves set: `demo/live.sh`, `demo/bookinfo.sh`, and what was written by hand into
    /// `trace/version-1`.
    static let scenarios = [
        "DEMO_RUN", "HTTP_PORT", "NATS_URL", "POSTGRES_HOST", "POSTGRES_PORT", "REDIS_HOST", "REDIS_PORT",
        "TARGET_HOST", "TOTAL_REQUESTS", "REQUEST_DELAY_MS", "CONCURRENCY", "SEED", "LEGACY", "SHOP_URL",
        "HTTP_HOST", "SESSION_SECRET", "SERVICE_VERSION", "DETAILS_HOSTNAME", "DETAILS_SERVICE_PORT",
        "REVIEWS_HOSTNAME", "REVIEWS_SERVICE_PORT", "RATINGS_HOSTNAME", "RATINGS_SERVICE_PORT",
    ]

    @Test(arguments: Fixtures.all)
    func `no file of a fixture names one of its folders`(_ fixture: Fixture) throws {
        for name in try FileManager.default.subpathsOfDirectory(atPath: fixture.folder) {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: fixture.path(name), isDirectory: &isFolder)
            if isFolder.boolValue { continue }
            let bytes = try name == fixture.tape ? Self.decompressed(fixture) : TextFile.bytes(fixture.path(name))
            let named = Self.foldersNamed(try #require(bytes))
            #expect(named == [], "\(name)")
        }
    }

    @Test(arguments: Fixtures.tapes.filter { !$0.tape.contains(".pcap") })
    func `the processes on a trace had none of its environment`(_ fixture: Fixture) throws {
        let processes = try Self.processes(fixture)
        #expect(!processes.isEmpty)
        for process in processes {
            #expect(Self.strange(process.commandLine) == [], "\(process.commandLine)")
            guard case .block(let block) = process.environment else { continue }
            let variables = block.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            #expect(variables.filter { !Self.isNeutral($0) } == [], "\(process.commandLine)")
        }
    }

    @Test func `what betrays a machine is found`() {
        #expect(
            Self.foldersNamed(Array("executable:/work/main/redis-server, /home/anna".utf8)) == ["/work/", "/home/"])
        #expect(Self.foldersNamed([]) == [])
        #expect(Self.strange("/usr/bin/postgres -D data --socket=/x /var/data") == ["/var/data"])
        #expect(["PATH=/usr/bin:/bin", "PATH=/usr/local/sbin", "ADI_PROFILE=a", "LANG=C"].allSatisfy(Self.isNeutral))
        let strange = ["PATH=/usr/bin:/opt/swift/usr/bin", "PATH=", "PWD=/", "HOME=/nonexistent", "ADI", "LANGUAGE=de"]
        #expect(!strange.contains(where: Self.isNeutral))
    }

    // MARK: Looking

    private static func foldersNamed(_ bytes: [UInt8]) -> [String] {
        // `Data` finds it as fast as memmem does; an array's search would take seconds in a debug build.
        let data = Data(bytes)
        return folders.filter { data.range(of: Data($0.utf8)) != nil }
    }

    private static func strange(_ commandLine: String) -> [String] {
        commandLine.split(separator: " ").map(String.init).filter { word in
            word.hasPrefix("/") && !neutral.contains { word.hasPrefix($0) }
        }
    }

    private static func isNeutral(_ variable: String) -> Bool {
        guard let end = variable.firstIndex(of: "=") else { return false }
        let name = String(variable[..<end])
        if name == "PATH" {
            return variable[variable.index(after: end)...].split(separator: ":", omittingEmptySubsequences: false)
                .allSatisfy {
                    ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"].contains($0)
                }
        }
        return name.hasPrefix("ADI_") || system.contains(name) || scenarios.contains(name)
    }

    private static func decompressed(_ fixture: Fixture) throws -> [UInt8] {
        let source = try Input.open(fixture.path(fixture.tape), readsAhead: false).bytes
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = block.withUnsafeMutableBytes({ source.read(into: $0) }), count > 0 {
            bytes += block[..<count]
        }
        #expect(source.failure == nil)
        return bytes
    }

    private static func processes(_ fixture: Fixture) throws -> [ProcessIdentity] {
        let sink = ProcessSink()
        var tape = Tape(sink: sink)
        try tape.read(try Input.open(fixture.path(fixture.tape), readsAhead: false))
        tape.finish()
        return sink.processes
    }
}

/// Keeps the processes that a tape tells of.
private final class ProcessSink: EventSink {
    private(set) var processes: [ProcessIdentity] = []

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        if case .process(let process) = event.kind { processes.append(process) }
    }
}
