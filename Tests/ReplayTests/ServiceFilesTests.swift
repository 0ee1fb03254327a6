import Console
import Foundation
import TestSupport
import Testing

@testable import replay

@Suite struct `Files of services` {
    private static func service(_ name: String, _ endings: [String] = [".a.yaml"]) -> ServiceFiles.Service {
        ServiceFiles.Service(name: name, files: endings.map { ServiceFiles.File(ending: $0, text: "\(name)\($0)\n") })
    }

    private func reason(_ body: () throws(Failure) -> Void) -> String {
        do throws(Failure) {
            try body()
            return ""
        } catch {
            return error.description
        }
    }

    @Test func `go into a folder, each under its name, whatever that is`() throws {
        let folder = TemporaryFolder()
        let names = ["orders", "../../etc/passwd", ".hidden", "a/b", "a_b", "", String(repeating: "n", count: 300)]
        let files = try ServiceFiles(names.map { Self.service($0) }, format: "x", wanted: nil)
        try files.write(to: folder.path, inputs: [])
        #expect(
            Set(folder.names) == [
                "orders.a.yaml", "_._.._etc_passwd.a.yaml", "_hidden.a.yaml", "a_b.a.yaml", "a_b-2.a.yaml", "_.a.yaml",
                String(repeating: "n", count: 200) + ".a.yaml",
            ])
        #expect(folder.text("a_b-2.a.yaml") == "a_b.a.yaml\n")
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/orders.a.yaml")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `make the folder where the name ends with a slash`() throws {
        let folder = TemporaryFolder()
        let files = try ServiceFiles([Self.service("one"), Self.service("two")], format: "x", wanted: nil)
        try files.write(to: folder.path + "/new/", inputs: [])
        #expect(folder.text("new/two.a.yaml") == "two.a.yaml\n")
        let failure = reason { () throws(Failure) in try files.write(to: "\(folder.path)/not/there/", inputs: []) }
        #expect(failure.contains("can't be made"))
    }

    @Test func `of one service go where the user says, with what belongs to it beside it`() throws {
        let folder = TemporaryFolder()
        let both = [Self.service("one", [".a.yaml", ".evidence.yaml"]), Self.service("two")]
        let files = try ServiceFiles(both, format: "x", wanted: "one")
        try files.write(to: folder.path + "/mine.yml", inputs: [])
        #expect(folder.names == ["mine.evidence.yaml", "mine.yml"])
        #expect(folder.text("mine.yml") == "one.a.yaml\n")
    }

    @Test func `are not mixed, and take no input away`() throws {
        let folder = TemporaryFolder()
        let files = try ServiceFiles([Self.service("one"), Self.service("two")], format: "x", wanted: nil)
        let mixed = reason { () throws(Failure) in try files.write(to: folder.path + "/all.yaml", inputs: []) }
        #expect(mixed.contains("there are 2 services (one, two)") && mixed.contains("--service"))
        let input = folder.path + "/two.a.yaml"
        let taken = reason { () throws(Failure) in try files.write(to: folder.path, inputs: [input]) }
        #expect(taken.contains("would overwrite the input \(input)"))
        #expect(folder.names.isEmpty)
    }

    @Test func `say which there are where the wanted one is not`() {
        let unknown = reason { () throws(Failure) in
            _ = try ServiceFiles([Self.service("one"), Self.service("two")], format: "x", wanted: "three")
        }
        #expect(unknown == "--service three: x can say nothing of it; it can of one, two")
        #expect(reason { () throws(Failure) in _ = try ServiceFiles([], format: "x", wanted: nil) } != "")
    }
}
