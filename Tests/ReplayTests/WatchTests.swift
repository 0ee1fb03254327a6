import Console
import Foundation
import TestSupport
import Testing

@testable import Shared
@testable import replay

/// `--watch`: what is seen follows from the keys and from what was read.
@Suite struct `Watching` {
    private static let shop = "Fixtures/demo/shop/input.pcap"

    // MARK: Keys

    @Test(arguments: [
        ("\u{1B}[A\u{1B}OB\u{1B}[5~\u{1B}[1;5C", [Key.up, .down, .pageUp, .right]),
        ("\u{1B}", [.escape]),
        ("\u{1B}\u{1B}[H", [.escape, .home]),
        (
            "/pöst\u{7F}\r",
            [.character("/"), .character("p"), .character("ö"), .character("s"), .character("t"), .backspace, .enter]
        ),
        ("\u{3}\u{1A}\t\u{1B}[99~", [.interrupt, .suspend]),
        ("\u{1B}[12", []),
    ])
    func `keys are read as terminals tell them`(_ bytes: String, _ keys: [Key]) {
        #expect(Key.keys(Array(bytes.utf8)) == keys)
    }

    @Test func `whatever a terminal tells, reading ends`() {
        for length in 0..<6 {
            for byte in UInt8.min...UInt8.max {
                let bytes = [UInt8](repeating: 0x1B, count: length) + [byte, 0x5B, byte]
                #expect(Key.keys(bytes).count <= bytes.count)
            }
        }
    }

    // MARK: Time

    private static let second: Int64 = 1_000_000_000
    private static func moment(_ seconds: Double) -> Timestamp { Timestamp(nanoseconds: Int64(seconds * 1e9)) }

    @Test func `a tape plays at its speed, faster, and not while it is paused`() {
        var pace = TapePace(.times(2))
        #expect(pace.due(Self.moment(100), now: 0) == nil)
        #expect(pace.due(Self.moment(104), now: 0) == 2 * Self.second)
        // After one second it has come to 102, and goes on twice as fast as before.
        pace.change(faster: true, now: Self.second)
        #expect(pace.due(Self.moment(104), now: Self.second) == 3 * Self.second / 2)
        pace.pause(now: Self.second)
        pace.pause(now: 11 * Self.second)
        #expect(!pace.isPaused && pace.due(Self.moment(104), now: 11 * Self.second) == 23 * Self.second / 2)
        // What is due is handed on, and what is before it, too; what follows waits again.
        #expect(pace.due(Self.moment(104), now: 12 * Self.second) == nil)
        #expect(pace.due(Self.moment(90), now: 12 * Self.second) == nil)
        #expect(pace.due(Self.moment(94), now: 12 * Self.second) == 13 * Self.second)
        var most = TapePace(.most)
        for moment in [Int64.min, 0, .max] { #expect(most.due(Timestamp(nanoseconds: moment), now: 0) == nil) }
    }

    @Test func `wild times trap nowhere, and speeds have ends`() {
        var pace = TapePace(.times(1))
        for (place, moment) in [Int64.min, .max, 0, .min, .max].enumerated() {
            _ = pace.due(Timestamp(nanoseconds: moment), now: Int64(place))
            pace.change(faster: place % 2 == 0, now: Int64(place) * Self.second)
            pace.pause(now: Int64(place) * Self.second)
        }
        for _ in 0..<20 { pace.change(faster: true, now: 0) }
        #expect(pace.speed == .most)
        for _ in 0..<40 { pace.change(faster: false, now: 0) }
        #expect(pace.speed == .times(TapePace.Speed.slowest))
    }

    // MARK: The view

    private static let map: ServiceMapDocument = {
        var replaying = Replaying()
        replaying.options.journal = .last(50)
        replaying.withBodies = true
        let result = try? replaying.run([shop]) { _ in true }
        return result?.map ?? ServiceMapDocument(generatedAt: nil, services: [])
    }()

    private struct Viewer {
        var view = WatchView(MapView.Choice())
        var style = TextStyle(hasColour: false, hasUnicode: true, width: 80)
        var rows = 24

        mutating func see(_ keys: [Key] = []) -> [String] {
            for key in keys { _ = view.press(key) }
            let watched = WatchView.Watched(map: Watching.map, title: ["shop.pcap", "1x"], facts: ["109 exchanges"])
            return view.lines(watched, style, rows: rows)
        }

        static func type(_ text: String) -> [Key] { text.map { .character($0) } }
    }

    @Test(arguments: [(40, 8), (60, 24), (80, 24), (100, 30), (200, 60)])
    func `a screen has as many lines as there is room for, and no wider ones`(_ columns: Int, _ rows: Int) {
        var viewer = Viewer()
        (viewer.style.width, viewer.rows) = (columns, rows)
        let pages: [[Key]] = [
            [], [.end], [.enter], [.pageDown], [.escape], Viewer.type("?"), [.escape], [.home, .enter, .end],
        ]
        for keys in pages {
            let lines = viewer.see(keys)
            #expect(lines.count == rows)
            #expect(lines.allSatisfy { $0.count <= columns }, "\(keys): \(lines.filter { $0.count > columns })")
        }
    }

    @Test func `arrows lead to a line, which stays selected though others come before it`() throws {
        var viewer = Viewer()
        let first = viewer.see()
        #expect(first.filter { $0.hasPrefix(">") }.count == 1 && first[4].hasPrefix("> orders:9002"))
        let fourth = viewer.see([.down, .down, .down]).filter { $0.hasPrefix(">") }
        #expect(fourth.count == 1 && fourth[0].contains("insert orders"))
        // By name, others come first.
        let sorted = viewer.see(Viewer.type("ssss"))
        #expect(sorted[1].contains("by name"))
        #expect(sorted.filter { $0.hasPrefix(">") }.map { $0.contains("insert orders") } == [true])
        #expect(viewer.see([.end]).last { $0.hasPrefix(">") } != nil)
        #expect(viewer.see([.home]).filter { $0.hasPrefix(">") }.count == 1)
    }

    @Test func `typing leaves what has the text in its name, and what it belongs to`() {
        var viewer = Viewer()
        let typed = viewer.see(Viewer.type("/POST /bu"))
        #expect(typed[1].contains("with /POST /bu_"))
        let tree = typed[3..<23].filter { !$0.isEmpty }
        #expect(tree.count == 4 && tree[3].contains("POST /buy") && tree[2].contains("web:8080"))
        #expect(viewer.see(Viewer.type("zzz")).contains { $0.contains("nothing has that in its name") })
        // Letters are commands again.
        #expect(viewer.see([.escape, .home])[3...].joined().contains("insert orders"))
        #expect(viewer.view.press(.character("q")) == .quit)
    }

    @Test func `a line opens on its numbers, schemas and last exchanges`() {
        var viewer = Viewer()
        viewer.rows = 60
        _ = viewer.see()
        let page = viewer.see(Viewer.type("/post /buy") + [.enter, .down, .down, .enter]).joined(separator: "\n")
        for part in [
            "10.77.0.100 → web:8080: POST /buy", "requests            4", "errors              1", "when  ", "answers ",
            "The last exchanges", "  request:",
        ] { #expect(page.contains(part), "\(part)\n\(page)") }
        // No value is in it.
        #expect(!page.contains("@"))
        #expect(viewer.see([.escape]).contains { $0.hasPrefix(">") })
        let turned = viewer.see(Viewer.type("i") + [.down, .down, .enter]).joined(separator: "\n")
        #expect(turned.contains("web:8080 ← 10.77.0.100: POST /buy") && turned.contains("  request:"))
    }

    @Test func `the last exchanges are kept, and the first ones of a report`() throws {
        func moments(_ journal: JournalSize) throws -> [Timestamp] {
            var replaying = Replaying()
            replaying.options.journal = journal
            return try replaying.run([Self.shop]) { _ in true }.map.story?.exchanges.map(\.moment) ?? []
        }
        let all = try moments(.first(1000))
        #expect(try moments(.last(1000)) == all)
        let few = try moments(.last(10))
        #expect(few.count == 10 && few.last == all.last && few.first ?? all[0] > all[20])
        #expect(try moments(.last(0)).isEmpty)
    }

    // MARK: The command

    @Test func `prints the tree once, as the summary has it`() throws {
        let once = try Executable.replay([Self.shop, "--watch", "--once", "--inbound"])
        let whole = try Executable.replay([Self.shop, "--inbound"])
        #expect(once.status == 0 && !once.output.isEmpty && whole.output.hasSuffix(once.output + "\n"))
        for (options, reason) in [
            (["--once"], "--once: is of --watch"), (["--speed", "2"], "--speed: is of --watch"),
            (["--watch", "--speed", "fast"], "--speed fast: write a number"),
            (["--watch", "--speed", "nan"], "--speed nan: "),
            (["--watch", "--json"], "give one of them"), (["--watch", "-o", "-"], "name a file"),
        ] {
            let run = try Executable.replay([Self.shop] + options)
            #expect(run.status == 2 && run.errors.contains(reason), "\(run.errors)")
        }
    }

    /// What was written is read at once, in whatever pieces, and the end comes with the writer's.
    @Test(arguments: ["demo/live/input.tape", "demo/shop/input.pcap", "http/pcapng/input.pcapng"])
    func `follows a file for as long as it is written`(_ fixture: String) throws {
        let folder = TemporaryFolder()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "Fixtures/\(fixture)")))
        let whole = try Executable.replay(["Fixtures/\(fixture)", "-q", "-o", "-"]).output
        let path = folder.write("growing", [])
        let writer = try #require(FileHandle(forWritingAtPath: path))
        // Not at a record's end.
        let cuts = [0, 10, bytes.count / 3, bytes.count / 2 + 1, bytes.count]
        try writer.write(contentsOf: bytes[cuts[0]..<cuts[1]])
        let replay = try Child(Executable.replay, [path, "--watch", "-q", "-o", folder.path + "/e.jsonl"])
        for (start, end) in zip(cuts.dropFirst(), cuts.dropFirst(2)) {
            try writer.write(contentsOf: bytes[start..<end])
            _ = try eventually("it reads on") { Self.read(by: replay, of: path) == end ? true : nil }
        }
        try writer.close()
        // It was changed long ago.
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: path)
        let end = try replay.wait()
        #expect(end.status == 0 && end.errors.isEmpty && folder.text("e.jsonl") == whole, "\(end.errors)")
    }

    @Test func `follows several files in the order of time, though they begin alike`() throws {
        let folder = TemporaryFolder()
        let inputs = [Self.shop, "Fixtures/demo/live/input.tape", Self.shop]
        let whole = try Executable.replay(Array(inputs.prefix(2)) + ["-q", "-o", "-"]).output
        let bytes = try inputs.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
        // The third is a copy only until it goes on otherwise, which it does not.
        let part = bytes.enumerated().map { place, all in all.count * (place == 1 ? 2 : 1) / 3 }
        let growing = zip(bytes, part).enumerated().map { place, both in
            folder.write("growing-\(place)", Array(both.0.prefix(both.1)))
        }
        let writers = try growing.map { try #require(FileHandle(forWritingAtPath: $0)) }
        for writer in writers { try writer.seekToEnd() }
        let replay = try Child(Executable.replay, growing + ["--watch", "-q", "-o", folder.path + "/e.jsonl"])
        _ = try eventually("it waits for more of one") {
            zip(growing, part).contains { Self.read(by: replay, of: $0) == $1 } ? true : nil
        }
        for (place, writer) in writers.enumerated() {
            try writer.write(contentsOf: bytes[place].dropFirst(part[place]))
            try writer.close()
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: growing[place])
        }
        let end = try replay.wait()
        // Packets of a capture that come twice are known one by one.
        #expect(end.status == 0 && end.errors.isEmpty, "\(end.errors)")
        #expect(folder.text("e.jsonl") == whole)
    }

    @Test func `whoever leaves a file that grows finds what was read, and nothing is lost`() throws {
        let folder = TemporaryFolder()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.shop)))
        let path = folder.write("growing", [])
        let writer = try #require(FileHandle(forWritingAtPath: path))
        try writer.write(contentsOf: bytes.dropLast(5))
        let replay = try Child(Executable.replay, [path, "--watch", "-o", folder.path + "/e.jsonl"])
        _ = try eventually("it reads") { Self.read(by: replay, of: path) == bytes.count - 5 ? true : nil }
        replay.signal(SIGINT)
        let end = try replay.wait()
        #expect(end.status == 0 && end.errors.isEmpty, "\(end.errors)")
        #expect(end.output.contains("Lost            nothing"))
        #expect(folder.names == ["e.jsonl", "growing"])
    }

    /// Ctrl-C is the watcher's, wherever reading stands: it never makes of what is still written a file that was cut.
    @Test(arguments: [[shop], [shop, "Fixtures/demo/live/input.tape"]])
    func `whoever leaves while it reads has lost nothing, either`(_ inputs: [String]) throws {
        let folder = TemporaryFolder()
        let growing = try inputs.enumerated().map { place, input in
            folder.write("\(place)", [UInt8](try Data(contentsOf: URL(fileURLWithPath: input))))
        }
        let writers = growing.compactMap(FileHandle.init(forWritingAtPath:))
        for _ in 0..<5 {
            let replay = try Child(Executable.replay, growing + ["--watch"])
            _ = try eventually("it opens one") { growing.compactMap { Self.read(by: replay, of: $0) }.first }
            replay.signal(SIGINT)
            let end = try replay.wait()
            #expect(end.status == 0 && end.errors.isEmpty, "\(end.errors)")
            #expect(!end.output.contains("interrupted"))
        }
        #expect(writers.count == inputs.count)
    }

    /// How far a program has come in a file that it has open.
    private static func read(by program: Child, of path: String) -> Int? {
        let folder = "/proc/\(program.pid)"
        for descriptor in (try? FileManager.default.contentsOfDirectory(atPath: folder + "/fd")) ?? [] {
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/fd/\(descriptor)")
            guard target == path else { continue }
            let info = try? String(contentsOfFile: "\(folder)/fdinfo/\(descriptor)", encoding: .utf8)
            return info?.split(separator: "\n").first { $0.hasPrefix("pos:") }.flatMap {
                Int($0.dropFirst(4).filter(\.isNumber))
            }
        }
        return nil
    }

    // MARK: The terminal

    @Test func `leaves the screen clean, whatever happens to it`() throws {
        let folder = TemporaryFolder()
        let terminal = try Tmux.start(columns: 80, rows: 24, in: folder.path)
        defer { terminal.end() }
        try terminal.press("echo be''fore; '\(Executable.replay)' \(Self.shop) --watch --speed max -q", "Enter")
        let lines = try terminal.screen(has: "· ended ·").split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == " \(Self.shop) · ended · 2026-11-23 23:21:58 UTC")
        #expect(lines.count >= 24 && lines[3].hasSuffix("p99") && !lines.contains { $0.contains("before") })
        _ = try terminal.run("resize-window", "-x", "60", "-y", "12")
        let small = try eventually("it is drawn anew") {
            let shown = try terminal.screen.split(separator: "\n", omittingEmptySubsequences: false)
            return shown.count <= 13 && shown.contains { $0.hasPrefix(" Up, Down") } ? shown : nil
        }
        #expect(small.allSatisfy { $0.count <= 60 })
        try terminal.press("C-z")
        #expect(try terminal.screen(has: "topped").contains("before"))
        try terminal.press("fg", "Enter")
        _ = try terminal.screen(has: "· ended")
        try terminal.press("C-c")
        // What is typed before is the program's.
        _ = try eventually("it has left") { try terminal.isClean ? true : nil }
        try terminal.press("echo st''atus $?", "Enter")
        let left = try terminal.screen(has: "status 0")
        #expect(left.contains("before") && !left.contains("orders:9002"))
        // What is longer than the terminal goes through the pager, if there is one.
        try terminal.press(
            "clear; PAGER='sed -n s/Capture/paged-by-sed/p' '\(Executable.replay)' \(Self.shop)", "Enter")
        #expect(try !terminal.screen(has: "paged-by-sed  ").contains("orders:9002"))
        try terminal.press("clear; PAGER=no-such-pager '\(Executable.replay)' \(Self.shop); echo do''ne", "Enter")
        #expect(try terminal.screen(has: "done").contains("└──▶"))
        // Keys are shown as they are typed, and lines are read as lines.
        #expect(try terminal.isClean)
        try terminal.press("stty -a", "Enter")
        #expect(try terminal.screen(has: " icanon").contains(" echo"))
    }
}
