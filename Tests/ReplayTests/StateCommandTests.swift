import Foundation
import Testing

@testable import replay

/// `replay state` and `replay diff`, as their users run them.
@Suite struct `States and differences` {
    let folder = TemporaryFolder()

    private func path(_ name: String) -> String { folder.path + "/" + name }

    private static let shop = "Fixtures/demo/shop/input.pcap"
    private static let live = "Fixtures/demo/live/input.tape"

    @Test func `of several inputs are what one run over the tapes gives`() throws {
        #expect(try Executable.replay(["state", Self.shop, "-o", path("shop.state")]).status == 0)
        #expect(try Executable.replay(["state", Self.live, "-o", path("live.state")]).status == 0)
        _ = try Executable.replay([Self.shop, Self.live, "-q", "--service-map", path("tapes.yaml")])
        for inputs in [["shop.state", "live.state"], ["live.state", "shop.state"]] {
            let run = try Executable.replay(inputs.map(path) + ["-q", "--service-map", path("states.yaml")])
            #expect(run.status == 0 && run.errors == "")
            #expect(folder.text("states.yaml") == folder.text("tapes.yaml"))
        }
        _ = try Executable.replay([path("live.state"), Self.shop, "-q", "--service-map", path("mixed.yaml")])
        #expect(folder.text("mixed.yaml") == folder.text("tapes.yaml"))
        let shown = try Executable.replay([path("live.state"), Self.shop])
        #expect(shown.output.contains("live.state · of 1 tape"))
        // Read from a pipe, too.
        let state = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path("shop.state"))))
        #expect(try Executable.replay(["-", "--json"], input: state).output.contains("\"tapes\": 1"))
        #expect(state.count < 64 << 10)
    }

    @Test func `have what a report draws of the tapes' time`() throws {
        for (tape, state) in [(Self.shop, "shop.state"), (Self.live, "live.state")] {
            #expect(try Executable.replay(["state", tape, "-o", path(state)]).status == 0)
        }
        func sparklines(_ inputs: [String]) throws -> [String] {
            let report = try Executable.replay(["export", "html"] + inputs)
            #expect(report.status == 0, "\(report.errors)")
            return report.output.split(separator: "\n").filter { $0.contains("<svg class=\"spark\"") }.map(String.init)
        }
        let tapes = try sparklines([Self.shop, Self.live])
        #expect(tapes.count > 5)
        #expect(try sparklines([path("live.state"), path("shop.state")]) == tapes)
        #expect(try sparklines([Self.shop, path("live.state")]) == tapes)
    }

    @Test func `keep their exit status, and refuse what they can't do`() throws {
        let cut = folder.write(
            "cut.pcap", try [UInt8](Data(contentsOf: URL(fileURLWithPath: Self.shop))).dropLast(9).map { $0 })
        #expect(try Executable.replay(["state", cut, "-o", path("cut.state")]).status == 1)
        #expect(try Executable.replay([path("cut.state"), "-q"]).status == 1)
        let filtered = try Executable.replay([path("cut.state"), "--filter", "tcp"])
        #expect(filtered.status == 2 && filtered.errors.contains("is a state, which has no packets"))
        let raw = try Executable.replay([path("cut.state"), "--raw-paths"])
        #expect(raw.status == 2 && raw.errors.contains("read it without --raw-paths"))
        let converted = try Executable.replay(["convert", path("cut.state"), path("x.pcapng")])
        #expect(converted.status == 2 && converted.errors.contains("is a state, which holds no traffic"))
        let over = try Executable.replay(["state", cut, "-o", cut])
        #expect(over.status == 2 && over.errors.contains("would overwrite the input"))
        folder.write("broken.state", Array(try Data(contentsOf: URL(fileURLWithPath: path("cut.state"))).dropLast()))
        let broken = try Executable.replay([path("broken.state")])
        #expect(broken.status == 2 && broken.errors.contains("is a state that is cut short or damaged"))
    }

    @Test func `are shown for people, programs, pull requests and SARIF's readers`() throws {
        _ = try Executable.replay([Self.shop, "-q", "--service-map", path("map.yaml")])
        _ = try Executable.replay(["state", Self.shop, "-o", path("shop.state")])
        for same in [path("map.yaml"), path("shop.state"), Self.shop] {
            let run = try Executable.replay(["diff", Self.shop, same])
            #expect(run.status == 0 && run.output == "no difference\n", "\(run.errors)")
        }
        let map = try #require(folder.text("map.yaml"))
        let changed = folder.write("changed.yaml", Array(map.replacing("method: POST", with: "method: PUT").utf8))
        let run = try Executable.replay(["diff", path("map.yaml"), changed])
        #expect(run.status == 1)
        #expect(run.output.contains("  + PUT ") && run.output.contains("  - POST "))
        let json = try Executable.replay(["diff", path("map.yaml"), changed, "--json"]).output
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect((object["changes"] as? [[String: Any]])?.contains { $0["rule"] as? String == "endpoint-new" } == true)
        let table = try Executable.replay(["diff", path("map.yaml"), changed, "--markdown"]).output
        #expect(table.contains("| --- | --- | --- |\n| "))
        let sarif = try Executable.replay(["diff", path("map.yaml"), changed, "--sarif"]).output
        let log = try #require(try JSONSerialization.jsonObject(with: Data(sarif.utf8)) as? [String: Any])
        #expect(log["version"] as? String == "2.1.0")
        let ignore = folder.write("ignore", Array("endpoint-*\n".utf8))
        let ignored = try Executable.replay(["diff", path("map.yaml"), changed, "--ignore", ignore])
        #expect(ignored.status == 0 && ignored.output.contains("ignored"))
        let two = try Executable.replay(["diff", changed, changed, "--json", "--sarif"])
        #expect(two.status == 2 && two.errors.contains("give one of them"))
        let none = try Executable.replay(["diff", changed, folder.write("no.yaml", Array("a: b\n".utf8))])
        #expect(none.status == 2 && none.errors.contains("is no service map"))
    }

    @Test func `from a contract are what check tells of a fixture`() throws {
        let fixture = path("shop")
        folder.write("shop/input.pcap", try [UInt8](Data(contentsOf: URL(fileURLWithPath: Self.shop))))
        _ = try Executable.replay([Self.shop, "-q", "--service-map", path("shop/contract.yaml")])
        // What is agreed on and not there is no difference.
        let contract = try #require(folder.text("shop/contract.yaml"))
        #expect(try Executable.replay(["check", fixture]).status == 0)
        folder.write("shop/contract.yaml", Array(contract.replacing("method: POST", with: "method: PUT").utf8))
        let run = try Executable.replay(["check", fixture])
        #expect(run.status == 1)
        #expect(run.output.contains("not in contract.yaml") && run.output.contains(": POST "))
        #expect(!run.output.contains("PUT"))
        let json = try Executable.replay(["check", fixture, "--json"]).output
        #expect(json.contains("\"beyond_contract\""))
        folder.write("shop/contract.yaml", Array("nothing\n".utf8))
        #expect(try Executable.replay(["check", fixture]).output.contains("is no service map"))
    }
}
