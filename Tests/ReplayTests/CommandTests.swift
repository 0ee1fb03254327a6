import Foundation
import Testing

@testable import replay

@Suite struct `The command` {
    static let capture = `Capture files`.capture

    let folder = TemporaryFolder()
    let input: String

    init() { input = folder.write("shop.pcap", Self.capture.pcap()) }

    private func path(_ name: String) -> String { folder.path + "/" + name }

    @Test func `without outputs shows summary and service map`() throws {
        let run = try Executable.replay([input, "--name", "10.0.0.1=web", "--name", "10.0.0.2:80=shop"])
        #expect(run.status == 0)
        #expect(run.errors == "")
        #expect(run.output.contains("1 request · 1 response · 1 exchange"))
        #expect(run.output.contains("\n  web ") && run.output.contains("\n  └──▶ shop "))
        #expect(!run.output.contains("\u{1B}"), "colours where nobody looks on")
    }

    @Test func `draws in ASCII where the locale is not UTF-8`() throws {
        let run = try Executable.replay([input], environment: ["LC_ALL": "C"])
        #expect(run.output.utf8.allSatisfy { $0 < 0x80 })
        #expect(run.output.contains("`-->"))
    }

    /// What a real runtime said of a container, with the address of the capture's server.
    @Test(arguments: ["docker", "podman"])
    func `takes what inspect says of containers in the capture`(_ runtime: String) throws {
        let recorded = try String(contentsOfFile: "Tests/Runtimes/answers/\(runtime)-inspect.json", encoding: .utf8)
        let inspected = folder.write(
            "inspect.json", Array("[\(recorded.replacing("10.123.0.2", with: "10.0.0.2"))]".utf8))
        let options = [input, "--name", "10.0.0.1=client", "--containers", inspected]
        let run = try Executable.replay(options)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("\n  client ") && run.output.contains("\n  └──▶ web "))
        _ = try Executable.replay(options + ["-q", "-o", path("events.jsonl")])
        #expect(folder.text("events.jsonl")?.contains("\"shop-web-1\"") == true)
    }

    @Test func `says what is wrong with a file of containers`() throws {
        let broken = folder.write("inspect.json", Array("[{\"Id\":".utf8))
        let run = try Executable.replay([input, "--containers", broken])
        #expect(run.status == 2)
        #expect(run.errors.contains("--containers \(broken)"))
    }

    @Test func `writes the outputs that its options name, for their owner only, and reads no variable`() throws {
        let run = try Executable.replay([input, "-q", "--output", path("e.jsonl"), "--service-map", path("m.yaml")])
        #expect(run.status == 0)
        #expect(run.output == "")
        let events = try #require(folder.text("e.jsonl"))
        #expect(events.split(separator: "\n").count == 2)
        #expect(folder.text("m.yaml")?.contains("services:") == true)
        folder.write("e2.jsonl", Array("old".utf8))
        _ = try Executable.run("/bin/chmod", ["644", path("e2.jsonl")])
        let environment = [
            "OUTPUT_PATH": path("e3.jsonl"), "SERVICE_MAP_PATH": path("m2.yaml"), "ENV_OUTPUT_PATH": path("v"),
        ]
        _ = try Executable.replay([input, "-q", "-o", path("e2.jsonl")], environment: environment)
        #expect(folder.text("e2.jsonl") == events)
        #expect(folder.names == ["e.jsonl", "e2.jsonl", "m.yaml", "shop.pcap"])
        for name in ["e.jsonl", "e2.jsonl", "m.yaml"] {
            #expect(try Executable.run("/usr/bin/stat", ["-c", "%a", path(name)]).output == "600\n", "\(name)")
        }
    }

    @Test func `a file under the temporary name is not written through`() throws {
        folder.write("victim", Array("mine".utf8))
        _ = try Executable.run("/bin/ln", ["-s", "victim", path("e.jsonl.partial")])
        #expect(try Executable.replay([input, "-q", "-o", path("e.jsonl")]).status == 0)
        #expect(folder.text("victim") == "mine" && folder.names == ["e.jsonl", "shop.pcap", "victim"])
        _ = try Executable.run("/bin/mkdir", [path("m.yaml.partial")])
        let refused = try Executable.replay([input, "-q", "--service-map", path("m.yaml")])
        #expect(refused.status == 2 && refused.errors.contains("--service-map"), "\(refused.errors)")
        #expect(refused.errors.contains("m.yaml.partial is in the way"), "\(refused.errors)")
    }

    @Test func `what is read is never taken away by an output`() throws {
        let capture = Self.capture.pcap()
        let cut = folder.write("cut.tape.partial", capture)
        folder.write("names.partial", Array("10.0.0.1 web\n".utf8))
        let names = folder.names
        for arguments in [
            ["convert", cut, path("cut.tape")], [cut, "-o", path("cut.tape")],
            [cut, "--service-map", path("cut.tape")],
            [input, "--names", path("names.partial"), "-o", path("names")],
            [input, "--names", path("names.partial"), "-o", path("names.partial")],
        ] {
            let run = try Executable.replay(arguments)
            #expect(run.status == 2 && run.errors.contains("would overwrite"), "\(arguments): \(run.errors)")
        }
        #expect(folder.names == names)
        #expect(folder.text("cut.tape.partial") == String(decoding: capture, as: UTF8.self))
        // A name alone is no reason to refuse.
        #expect(try Executable.replay([input, "-q", "-o", path("shop.pcap.partial")]).status == 0)
    }

    @Test func `a link to nothing is neither followed nor replaced`() throws {
        _ = try Executable.run("/bin/ln", ["-s", "nowhere", path("e.jsonl")])
        let run = try Executable.replay([input, "-q", "-o", path("e.jsonl")])
        #expect(run.status == 2 && run.errors.contains("is a link to what is not there"), "\(run.errors)")
        #expect(folder.names == ["e.jsonl", "shop.pcap"])
    }

    @Test func `where standard output is closed, no file gets what was meant for it`() throws {
        func run(_ words: String) throws -> Executable.Outcome {
            try Executable.run("/bin/sh", ["-c", "'\(Executable.replay)' '\(input)' \(words)"])
        }
        let events = try run("-q -o -").output
        #expect(try run("-o '\(path("e.jsonl"))' >&-").status == 2)
        #expect(folder.text("e.jsonl") == events)
        #expect(try run("-q --service-map '\(path("m.yaml"))' >&- 2>&- <&-").status == 0)
        #expect(folder.text("m.yaml")?.contains("services:") == true)
        #expect(try run("-o - >&-").status == 2)
        #expect(try Executable.run("/bin/sh", ["-c", "'\(Executable.replay)' - <&-"]).status == 2)
    }

    @Test(arguments: [
        ["INPUT"], ["INPUT", "--json"], ["check", "Fixtures/trace/version-1"], ["--help"], ["--version"],
        ["check", "--help"], ["--generate-completion-script", "bash"], ["convert", "INPUT", "-", "--to", "jsonl"],
        ["INPUT", "-o", "-"],
    ])
    func `a full disk under standard output is status 2`(_ arguments: [String]) throws {
        let words = arguments.map { "'\($0.replacing("INPUT", with: input))'" }.joined(separator: " ")
        let run = try Executable.run("/bin/sh", ["-c", "'\(Executable.replay)' \(words) > /dev/full"])
        #expect(run.status == 2 && run.errors.contains("No space left on device"), "\(run)")
    }

    @Test func `a summary for programs is printed, however quiet`() throws {
        #expect(try Executable.replay([input, "--json", "-q"]).output == Executable.replay([input, "--json"]).output)
    }

    @Test func `numbers of bytes may have a unit`() throws {
        let plain = try Executable.replay([input, "-q", "-o", "-", "--body-limit", "1024"]).output
        #expect(try Executable.replay([input, "-q", "-o", "-", "--body-limit", "1k"]).output == plain)
        #expect(try Executable.replay([input, "-q", "-o", "-", "--body-limit", "1KiB"]).output == plain)
    }

    @Test func `writes the environments of a trace, for their owner only`() throws {
        let tape = "Fixtures/trace/version-1/input.tape"
        folder.write("env.yaml", Array("old".utf8))
        _ = try Executable.run("/bin/chmod", ["644", path("env.yaml")])
        _ = try Executable.replay([tape, "-q", "--env-output", path("env.yaml"), "--env-prefix", "SHOP_, LEGACY"])
        let text = try #require(folder.text("env.yaml"))
        #expect(
            text == """
                ---
                adi_profile_pid: 4050
                adi_profile_match: "local"
                adi_profile_name: "shop"
                adi_profile_cmdline: "nginx: worker process"
                adi_profile_env: {}
                ---
                adi_profile_pid: 4100
                adi_profile_match: "local"
                adi_profile_cmdline: "/usr/bin/visitor --shop 127.0.0.1:8080"
                adi_profile_env:
                  LEGACY: !!binary "//4="
                  SHOP_URL: "http://127.0.0.1:8080"
                ---
                adi_profile_pid: 4200
                adi_profile_match: "local"
                adi_profile_cmdline: ""
                error: "the process is gone"

                """)
        #expect(try Executable.run("/usr/bin/stat", ["-c", "%a", path("env.yaml")]).output == "600\n")
    }

    @Test func `an output of - leaves standard output to the data`() throws {
        let run = try Executable.replay([input, "-o", "-"])
        #expect(run.output.split(separator: "\n").allSatisfy { $0.hasPrefix("{") })
        #expect(run.errors.contains("Connections"))
    }

    @Test func `standard input, compression and threads change nothing`() throws {
        let plain = try Executable.replay([input, "-q", "-o", "-"]).output
        #expect(try Executable.replay(["-", "-q", "-o", "-"], input: Self.capture.pcap()).output == plain)
        #expect(try Executable.replay(["-", "-q", "-o", "-"], input: Self.capture.pcapng()).output == plain)
        _ = try Executable.run("/bin/sh", ["-c", "gzip -k '\(input)' && mv '\(input).gz' '\(path("no-such-suffix"))'"])
        for threads in ["1", "2", "9"] {
            #expect(
                try Executable.replay([path("no-such-suffix"), "-q", "-o", "-", "--threads", threads]).output == plain)
        }
        #expect(try Executable.replay([path("no-such-suffix"), "-q", "-o", "-"]).output == plain)
    }

    @Test func `the summary for programs is one JSON object`() throws {
        let run = try Executable.replay([input, "--json"])
        #expect(run.output.hasPrefix("{\n  \"inputs\": ["))
        #expect(run.output.hasSuffix("\n}\n"))
        #expect(run.output.contains("\"balanced\": true"))
    }

    @Test(arguments: [40, 60, 120]) func `nothing is wider than COLUMNS`(_ columns: Int) throws {
        let run = try Executable.replay(["Fixtures/demo/shop/input.pcap"], environment: ["COLUMNS": "\(columns)"])
        #expect(run.output.split(separator: "\n").count > 30)
        for line in run.output.split(separator: "\n") { #expect(line.count <= columns, "\(line)") }
    }

    @Test func `a filter chooses packets, and the summary says how many`() throws {
        let passing = try Executable.replay([input, "--filter", "src port 80"])
        #expect(passing.status == 0)
        #expect(passing.output.contains("Filter          src port 80 · 3 of 8 packets passed\n"), "\(passing.output)")
        let json = try Executable.replay([input, "--json", "--filter", "src port 80"]).output
        #expect(
            json.contains("\"expression\": \"src port 80\",\n    \"packets\": 8,\n    \"passed\": 3\n"), "\(json)")
        #expect(!(try Executable.replay([input, "--json"]).output.contains("\"filter\"")))
        #expect(try Executable.replay(["--help"]).output.contains("--filter <expression>"))
    }

    @Test func `a file that is cut short has status 1, and what precedes the cut`() throws {
        let cut = folder.write("cut.pcap", Array(Self.capture.pcap().dropLast(3)))
        let run = try Executable.replay([cut, "-q", "-o", "-"])
        #expect(run.status == 1)
        #expect(run.output.split(separator: "\n").count == 2)
        #expect(run.errors.hasPrefix("replay: \(cut): truncated dump file"))
        #expect(run.errors.contains("after packet 7; what precedes it was read"))
    }

    @Test func `an unknown link type has status 1 and is named`() throws {
        let unknown = folder.write("usb.pcap", CaptureBytes(linkType: 220, [[1, 2, 3]]).pcap())
        let run = try Executable.replay([unknown, "-q"])
        #expect(run.status == 1)
        #expect(run.errors == "replay: link type 220 (USB) is not one that replay reads: 1 packet skipped\n")
    }

    @Test(
        arguments: [
            ([], "Missing expected argument"),
            (["/no/such/file.pcap"], "/no/such/file.pcap: no such file"),
            (["/tmp"], "/tmp: is a directory"),
            (["/dev/null"], "/dev/null: is empty"),
            (["/bin/sh"], "/bin/sh: not a capture; it begins with 7f 45 4c 46"),
            (["INPUT", "--output", "/no/such/folder/x"], "--output /no/such/folder/x: can't be written"),
            (["INPUT", "--service-map", "/tmp"], "--service-map /tmp: is a directory"),
            (["INPUT", "--output", "INPUT"], "would overwrite the input"),
            (["INPUT", "--output", "INPUT.x", "--service-map", "INPUT.x"], "are both"),
            (["INPUT", "--env-output", "INPUT.x", "--service-map", "INPUT.x"], "are both"),
            (["INPUT", "--env-output", "INPUT"], "would overwrite the input"),
            (["INPUT", "--env-output", "/no/such/folder/x"], "--env-output /no/such/folder/x: can't be written"),
            (["INPUT", "--name", "web"], "--name web: "),
            (["INPUT", "--names", "/no/names"], "--names /no/names: can't be read"),
            (["INPUT", "--filter", "tcp prot 80"], "--filter 'tcp prot 80': can't parse filter expression"),
            (["INPUT", "--filter", "ip broadcast"], "--filter 'ip broadcast': netmask not known"),
            (["Fixtures/trace/traffic/input.tape", "--filter", "tcp"], "is a trace"),
            (["INPUT", "--threads", "0"], "--threads 0: write a number, 1 or more"),
            (["INPUT", "--threads", "x"], "--threads x: write a number, 1 or more"),
            (["INPUT", "--threads", "-1"], "--threads -1: write a number, 1 or more"),
            (["INPUT", "--body-limit=-1"], "--body-limit -1: write a number of bytes, 0 or more; 64K is 65536"),
            (["INPUT", "--body-limit", "-1"], "--body-limit -1: write a number of bytes"),
            (["INPUT", "--body-limit", "99999999999G"], "--body-limit 99999999999G: write"),
            (["-", "-"], "- is named twice; name each input once"),
            (["convert", "-", "-", "INPUT.tape"], "- is named twice; name each input once"),
            (["paths", "-", "INPUT", "-"], "- is named twice; name each input once"),
            (["INPUT", ""], "an input's name is empty"),
            (["INPUT", "-o", ""], "--output: the file's name is empty"),
            (["INPUT", "-o", "INPUT.x", "--service-map", "INPUT.x.partial"], "NAME.partial is where NAME is written"),
            (["INPUT", "--service-map", "INPUT.x", "-o", "INPUT.x.partial"], "NAME.partial is where NAME is written"),
            (["INPUT", "--json=yes"], "'yes' was specified; see replay --help\n"),
            (["INPUT", "--containers", "/no/such"], "--containers /no/such: can't be read: No such file"),
            (["chekc"], "chekc: no such file; did you mean `replay check`?"),
            (["INPUT", "--servic-map", "x"], "Unknown option '--servic-map'. Did you mean '--service-map'?\n"),
            (["INPUT", "--no-such-option"], "Unknown option '--no-such-option'"),
            (["check", "/no/such/folder"], "/no/such/folder: "),
            (["check", "/usr/include/linux"], "no fixtures"),
        ] as [([String], String)])
    func `what can't be done has status 2 and one line that says why`(_ arguments: [String], _ message: String) throws {
        let run = try Executable.replay(arguments.map { $0.replacing("INPUT", with: input) })
        #expect(run.status == 2)
        #expect(!run.wasKilled)
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(run.errors.hasPrefix("replay: "))
        #expect(run.errors.split(separator: "\n").count == 1)
        #expect(run.output == "")
        #expect(folder.names == ["shop.pcap"], "files that nobody asked for")
    }

    @Test func `a pipe that nobody reads is no crash`() throws {
        let run = try Executable.run(
            "/bin/bash", ["-c", "set -o pipefail; '\(Executable.replay)' '\(input)' -o - | head -c 10"])
        #expect(run.status == 0)
        #expect(!run.wasKilled)
    }

    @Test func `an old output stays until the new one is whole`() throws {
        let old = folder.write("e.jsonl", Array("old\n".utf8))
        let run = try Executable.replay(["/no/such.pcap", "-o", old])
        #expect(run.status == 2)
        #expect(folder.text("e.jsonl") == "old\n")
        #expect(folder.names == ["e.jsonl", "shop.pcap"])
    }

    /// Others write to it, too; and a file that has lost its name leaves nothing but the link to be replaced.
    @Test(arguments: ["", "rm FILE; "])
    func `what standard output leads to is written to, and not replaced`(_ first: String) throws {
        let file = folder.write("out", [])
        // Not /dev's own, which all others have, too.
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/proc/self/fd/1")
        let script = "exec 9<>FILE; \(first)(echo one; REPLAY INPUT -q -o LINK; echo two) >&9; cat /proc/self/fd/9"
            .replacing("FILE", with: file).replacing("REPLAY", with: Executable.replay).replacing("INPUT", with: input)
            .replacing("LINK", with: link)
        let run = try Executable.run("/bin/sh", ["-c", script])
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        let lines = run.output.split(separator: "\n")
        #expect(lines.first == "one" && lines.last == "two" && lines.count > 2)
        #expect(lines.dropFirst().dropLast().allSatisfy { $0.hasPrefix("{\"timestamp\"") })
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "/proc/self/fd/1")
    }

    @Test func `devices and links are written through`() throws {
        #expect(try Executable.replay([input, "-q", "-o", "/dev/null"]).status == 0)
        #expect(try Executable.replay([input, "-q", "-o", "/dev/full"]).status == 2)
        folder.write("real.jsonl", [])
        _ = try Executable.run("/bin/ln", ["-s", "real.jsonl", path("link.jsonl")])
        _ = try Executable.replay([input, "-q", "-o", path("link.jsonl")])
        #expect(folder.text("real.jsonl")?.isEmpty == false)
    }

    @Test(arguments: [["--help"], ["-h"], ["run", "--help"], ["check", "--help"], ["--version"]])
    func `help and version are no errors`(_ arguments: [String]) throws {
        let run = try Executable.replay(arguments)
        #expect(run.status == 0)
        #expect(run.errors == "")
        #expect(!run.output.isEmpty)
    }

    @Test func `help has the options of run and fits 80 columns`() throws {
        let run = try Executable.replay(["--help"], environment: ["COLUMNS": "80"])
        for option in [
            "--output", "--service-map", "--env-output", "--env-prefix", "--redact", "--name", "--json", "EXAMPLES",
            "EXIT STATUS", "check", "grade",
        ] {
            #expect(run.output.contains(option))
        }
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completion for shells`(_ shell: String) throws {
        #expect(try Executable.replay(["--generate-completion-script", shell]).output.contains("service-map"))
    }

    // MARK: - check

    private func fixture() throws -> String {
        folder.write("fixtures/http/one/input.pcap", Self.capture.pcap())
        folder.write("fixtures/http/one/names", Array("10.0.0.1 web # the visitor\n".utf8))
        folder.write("fixtures/http/two/input.pcapng", Self.capture.pcapng())
        return path("fixtures")
    }

    @Test func `check names what is missing, writes it, and then is content`() throws {
        let fixtures = try fixture()
        let missing = try Executable.replay(["check", fixtures])
        #expect(missing.status == 1)
        #expect(missing.output.contains("no events.jsonl"))
        #expect(missing.output.contains("write it with: replay check --update \(fixtures)/http/one"))
        #expect(missing.output.hasSuffix("2 fixtures, 2 differ\n"))
        let written = try Executable.replay(["check", fixtures, "--update"])
        #expect(written.status == 0)
        #expect(written.output.contains("service_map.yaml written, new"))
        let content = try Executable.replay(["check", fixtures])
        #expect(content.status == 0)
        #expect(content.output == "2 fixtures, 0 differ\n")
        #expect(folder.text("fixtures/http/one/service_map.yaml")?.contains("name: web") == true)
    }

    @Test func `check shows what differs, whatever the number of threads`() throws {
        let fixtures = try fixture()
        _ = try Executable.replay(["check", fixtures, "--update"])
        let golden = try #require(folder.text("fixtures/http/two/events.jsonl"))
        folder.write("fixtures/http/two/events.jsonl", Array(golden.replacing("204", with: "500").utf8))
        let one = try Executable.replay(["check", fixtures, "--threads", "1"])
        #expect(one.status == 1)
        #expect(one.output.contains("http/two: events.jsonl differs\n  line 2\n"))
        #expect(one.output.contains("  - ") && one.output.contains("  + "))
        #expect(one.output.contains("\"status_code\":500"))
        #expect(one.output.split(separator: "\n").allSatisfy { $0.count <= 101 })
        #expect(one.output.hasSuffix("2 fixtures, 1 differs\n"))
        #expect(try Executable.replay(["check", fixtures, "--threads", "8"]).output == one.output)
        #expect(try Executable.replay(["check", fixtures, "--json"]).output.contains("\"events.jsonl\": \"differs\""))
        #expect(
            try Executable.replay(["check", fixtures, "--update"]).output.contains(
                "events.jsonl written, 1 line changed"))
    }
}
