import Foundation
import TestSupport
import Testing
import Yams

extension Live {
    /// The program around the capture: settings, files, ends.
    @Suite struct `The profiler` {
        @Test(
            arguments: [
                (["--output", "/no/such/folder/x"], [:], "OUTPUT_PATH"),
                ([], ["OUTPUT_PATH": "/no/such/folder/x"], "OUTPUT_PATH"),
                (["--env-output", "/no/such/folder/x"], [:], "ENV_OUTPUT_PATH"),
                ([], ["ENV_OUTPUT_PATH": "/no/such/folder/x"], "ENV_OUTPUT_PATH"),
                (["--service-map", "/no/such/folder/x"], [:], "SERVICE_MAP_PATH"),
                ([], ["SERVICE_MAP_PATH": "/tmp"], "SERVICE_MAP_PATH"),
                (["--record", "/no/such/folder/x"], [:], "--record"),
                (["--ring-size", "1000"], [:], "--ring-size"),
                (["--ring-size", "12288"], [:], "--ring-size"),
                (["--payload-limit", "16777217"], [:], "--payload-limit"),
                (["--payload-limit", "16385", "--ring-size", "64K"], [:], "--payload-limit"),
                (["--hooks", "none"], [:], "--hooks"),
                (["--no-such-option"], [:], "--no-such-option"),
            ] as [([String], [String: String], String)])
        func `a setting that can't be used is one line that names it`(
            _ arguments: [String], _ environment: [String: String], _ name: String
        ) throws {
            let folder = try TemporaryFolder()
            var settings = [
                "OUTPUT_PATH": folder.path + "/e", "ENV_OUTPUT_PATH": folder.path + "/v", "ADI_PROFILE_ALLOWED": "none",
            ]
            settings.merge(environment) { $1 }
            let end = try Child(Programs.profiler, arguments, environment: settings).wait()
            #expect(end.status == 2)
            #expect(end.errors.hasPrefix("profiler: "))
            #expect(end.errors.contains(name), "\(end.errors)")
            #expect(end.errors.split(separator: "\n").count == 1, "\(end.errors)")
            #expect(!end.errors.contains("watching"))
            #expect(end.output == "")
        }

        @Test func `doctor says that it works, and what is missing without rights`() throws {
            let sound = try Child(Programs.profiler, ["doctor"]).wait()
            #expect(sound.status == 0, "\(sound.output)\(sound.errors)")
            let powerless = ["--bounding-set=-all", "--inh-caps=-all", Programs.profiler]
            let setpriv = try Programs.find("setpriv", package: "util-linux")
            let doctor = try Child(setpriv, powerless + ["doctor"]).wait()
            #expect(doctor.status != 0)
            #expect(doctor.output.contains("root"), "the remedy: \(doctor.output)")
            let folder = try TemporaryFolder()
            let run = try Child(
                setpriv, powerless + ["--output", folder.path + "/e", "--env-output", folder.path + "/v"]
            ).wait()
            #expect(run.status == 2)
            #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
            #expect(run.errors.contains("root"), "\(run.errors)")
            let wrong = try Child(setpriv, powerless + ["--output", "/no/such/folder/x", "--ring-size", "1"]).wait()
            #expect(
                wrong.status == 2 && wrong.errors.contains("CAP_BPF and CAP_PERFMON"), "rights first: \(wrong.errors)")
        }

        @Test func `a plain user with the capabilities that doctor names captures`() throws {
            let setpriv = try Programs.find("setpriv", package: "util-linux")
            func plain(_ capabilities: String) -> [String] {
                ["--reuid=65534", "--regid=65534", "--clear-groups"]
                    + ["--bounding-set", "--inh-caps", "--ambient-caps"].map { "\($0)=-all,\(capabilities)" }
            }
            let run = try LiveRun()
            chmod(run.folder.path, 0o777)
            let few = try Child(setpriv, plain("+bpf,+perfmon") + [Programs.profiler, "doctor"]).wait()
            #expect(few.status == 0 && few.output.contains("no   CAP_SYS_PTRACE"), "\(few)")
            #expect(few.output.contains("with the limits that are said above"))
            let all = plain("+bpf,+perfmon,+sys_ptrace,+dac_read_search")
            let doctor = try Child(setpriv, all + [Programs.profiler, "doctor"]).wait()
            #expect(doctor.status == 0 && !doctor.output.contains("no   "), "\(doctor)")
            // It runs already, as root: what it has in its environment only these rights can read.
            let server = try run.server("write-read", optedIn: true)
            try run.start(by: [setpriv] + all)
            try run.waitUntilWatching()
            let client = try run.client("write-read", server.port, optedIn: false)
            let moved = try LiveRun.moved(client.succeed().output)
            _ = try server.child.succeed()
            let outcome = try run.stop()
            #expect(outcome.requests.count == 1 && outcome.status == 0 && moved.count == 1, "\(outcome.errors)")
            #expect(!outcome.errors.contains("it lacks"), "\(outcome.errors)")
            // Who may not look at the others says so, and what is missing.
            let blind = try LiveRun()
            chmod(blind.folder.path, 0o777)
            try blind.start(by: [setpriv] + plain("+bpf,+perfmon"))
            try blind.waitUntilWatching()
            let said = try blind.stop().errors
            let words =
                /\d+ process(es)? that runs? already can't be judged, .*; it lacks CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH/
            #expect(said.firstMatch(of: words) != nil, "\(said)")
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func `a signal ends it when everything is written`(_ signal: Int32) throws {
            let run = try LiveRun(.socket)
            let moved = try run.exercise("write-read", client: ["--exchanges", "50"], serverOptedIn: true)
            let outcome = try run.stop(signal)
            for side in moved.client + moved.server { expectStreams(outcome, side) }
            expectNoLoss(outcome, bytes: (moved.client + moved.server).reduce(0) { $0 + $1.total })
            let now = ISO8601DateFormatter().string(from: Date()).prefix(10)
            #expect(outcome.events.allSatisfy { $0.timestamp.prefix(10) == now }, "the wall clock's time")
            for name in ["events.jsonl", "env.yaml", "map.yaml", "run.tape"] {
                #expect(run.folder.mode(name) == 0o600, "\(name)")
            }
            #expect(run.folder.names == ["env.yaml", "events.jsonl", "map.yaml", "run.tape"])
            try run.expectReplayAgrees(outcome)
        }

        @Test func `a signal ends it, too, when it has to look at the sockets first`() throws {
            let run = try LiveRun(.socket)
            kill(run.profilerPid, SIGSTOP)
            // Longer than between two looks; the signal then ends the sleep that comes before the next.
            Thread.sleep(forTimeInterval: 2.5)
            kill(run.profilerPid, SIGINT)
            #expect(try run.stop(SIGCONT).status == 0)
        }

        @Test func `what is on the tape survives a kill`() throws {
            let run = try LiveRun(.socket)
            let moved = try run.exercise("write-read", client: ["--exchanges", "3"])
            // Until the profiler has got so far: what is to be tested is what comes after.
            let replayed = try eventually("three exchanges on the tape") {
                _ = try Child(Programs.replay, [run.path("run.tape"), "-q", "-o", run.path("again")]).wait()
                return run.folder.text("again").flatMap { $0.split(separator: "\n").count == 6 ? $0 : nil }
            }
            try run.killProfiler()
            let replay = try Child(Programs.replay, [run.path("run.tape"), "-q", "-o", run.path("after")]).wait()
            #expect(replay.signal == 0 && replay.status < 2, "\(replay.errors)")
            #expect(run.folder.text("after") == replayed)
            #expect(replayed.contains("\"pid\":\(moved.client[0].pid)"))
        }

        @Test func `the service map is written while it runs`() throws {
            let run = try LiveRun(.socket)
            try run.exercise("write-read", environment: ["ADI_PROFILE_NAME": "shop"])
            let map = try eventually("a service map") {
                run.folder.text("map.yaml").flatMap { $0.contains("path: /write-read/{") ? $0 : nil }
            }
            #expect(try Yams.load(yaml: map) != nil)
            #expect(run.folder.text("events.jsonl")?.contains("/write-read/1") == true)
            #expect(try run.stop().services().keys.sorted() == ["shop"])
        }

        // MARK: - Environment

        @Test func `environments give their values back`() throws {
            let run = try LiveRun(.socket)
            let values = [
                "T_QUOTES": "a \"b\" 'c' \\ d", "T_LINES": "one\ntwo\n\n three\t", "T_COLON": "key: value # no comment",
                "T_EMPTY": "", "T_NUMBER": "0123", "T_BOOLEAN": "yes", "T_NULL": "~",
                "T_UNICODE": "äöü €😀\u{85}\u{2028}",
                "T_DASH": "- x", "T_BRACE": "{a: [b", "T_SPACES": "  x  ", "T_EQUALS": "a=b=c",
                "T_CONTROL": "\u{1}\u{1B}[0m",
            ]
            let server = try run.server("write-read")
            let command = "export T_BYTES=$'a\\xff\\xfeb'; exec \(Programs.exerciser) write-read client \(server.port)"
            let client = try run.launch(
                "/bin/bash", ["-c", command], optedIn: true,
                environment: values.merging(["ADI_PROFILE_NAME": "env \"test\"", "t_lower": "x"]) { $1 })
            let moved = try LiveRun.moved(client.succeed().output)
            try server.child.succeed()
            let outcome = try run.stop()
            let documents = try outcome.environments()
            #expect(documents.count == 1, "only who was seen on the network")
            let document = try #require(documents[Int(moved[0].pid)])
            #expect(document["adi_profile_match"] as? String == run.tag)
            #expect(document["adi_profile_name"] as? String == "env \"test\"")
            let expected = "\(Programs.exerciser) write-read client \(server.port)"
            #expect(document["adi_profile_cmdline"] as? String == expected)
            let environment = document["adi_profile_env"] as? [String: Any] ?? [:]
            for (key, value) in values { #expect(environment[key] as? String == value, "\(key)") }
            #expect(environment["T_BYTES"] as? Data == Data([0x61, 0xFF, 0xFE, 0x62]), "\(outcome.environment)")
            #expect(environment["t_lower"] as? String == "x")
            try run.expectReplayAgrees(outcome)
        }

        @Test func `prefixes choose, and credentials are hidden`() throws {
            let run = try LiveRun(.socket, ["--env-prefix", " A_ ,B_", "--redact"])
            let hidden = "hunter2-hidden"
            let environment = [
                "A_URL": "http://x", "B_PASSWORD": hidden, "A_API_TOKEN": hidden, "a_lower": "no", "XA_OTHER": "no",
            ]
            let moved = try run.exercise("write-read", environment: environment)
            let none = try run.exercise("write-read")
            let outcome = try run.stop()
            let documents = try outcome.environments()
            let kept = documents[Int(moved.client[0].pid)]?["adi_profile_env"] as? [String: Any] ?? [:]
            #expect(kept.keys.sorted() == ["A_API_TOKEN", "A_URL", "B_PASSWORD"])
            #expect(kept["A_URL"] as? String == "http://x")
            #expect(!outcome.environment.contains(hidden))
            let empty = documents[Int(none.client[0].pid)]?["adi_profile_env"] as? [String: Any]
            #expect(empty?.isEmpty == true)
            #expect(outcome.environment.contains("adi_profile_env: {}"))
        }
    }
}
