import Testing

@testable import Shared
@testable import replay

@Suite struct `Written documents` {
    private func read(_ text: String) throws -> DocumentNode { try YAMLFile.document(Array(text.utf8)) }

    private func fault(_ text: String) -> DocumentFault? {
        do throws(DocumentFault) {
            _ = try YAMLFile.document(Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test func `have at an alias what its anchor names`() throws {
        let document = try read("a: &x {b: [1, 2]}\nc: *x\nd: &y text\ne: [*y, *x]\n")
        guard case .mapping(let members) = document.value, case .sequence(let elements) = members[3].node.value else {
            Issue.record("no mapping: \(document)")
            return
        }
        #expect(members[1].node == members[0].node && elements[1] == members[0].node)
        #expect(elements[0].value == .scalar("text", isPlain: true))
    }

    /// Who uses what another has, waits for it, as Compose has it.
    @Test func `of services depend on whom they share with, too`() throws {
        let text = """
            services:
              a: {links: ["b:x"], volumes_from: ["c:ro", "d", "container:e"], network_mode: "service:f"}
              g: {network_mode: host, ipc: "service:h", pid: host}
              i: {pid: "service:a", ipc: shareable, volumes_from: null}
            """
        let services = try DeclaredComposition(try read(text)).services
        #expect(services["a"]?.dependencies == ["b": 2, "c": 2, "d": 2, "f": 2])
        #expect(services["g"]?.dependencies == ["h": 3] && services["i"]?.dependencies == ["a": 4])
    }

    @Test func `that stand for more than there is room are refused`() {
        // Nine times nine times …: 10^9 values in 30 lines; and a hundred thousand levels.
        var wide = "a0: &a0 x\n"
        for level in 1...30 {
            wide +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",") + "]\n"
        }
        #expect(fault(wide)?.text.contains("by its aliases") == true)
        var deep = "a0: &a0 x\n"
        for level in 1...1000 { deep += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(fault(deep)?.text == "lies too deep" && fault(deep)?.line == 63)
        #expect(fault("a: &x [*x]")?.text == "refers to x, which is not there before it")
    }
}
