import Foundation
import Testing

/// What sources, tests and pages cite is in the repository.
@Suite struct Citations {
    /// Swift, C, shell and Markdown of the repository; fixtures only by their README.
    private static let files: [String] = {
        let roots = ["Sources", "Tests", "docs", "bpf", "demo", "Benchmarks", ".ci", "Fixtures", "packaging"]
        let kinds: Set = ["swift", "c", "h", "sh", "py", "md", "1", "8", ""]
        let found = roots.flatMap { root in
            (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []).map { "\(root)/\($0)" }
        }
        let single = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile", "Package.swift"]
        return (found + single).filter { path in
            let isFixture = path.hasPrefix("Fixtures/") && !path.hasSuffix("README.md")
            var isFolder: ObjCBool = false
            return !isFixture && kinds.contains((path as NSString).pathExtension)
                && FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
        }
        .sorted()
    }()

    private static func texts() -> [(path: String, text: String)] {
        files.compactMap { path in (try? String(contentsOfFile: path, encoding: .utf8)).map { (path, $0) } }
    }

    @Test func `of a file in docs are of one that is there`() throws {
        var cited = 0
        for (path, text) in Self.texts() {
            for citation in text.matches(of: /\bdocs\/[\w\/.-]*\.(?:md|[18])\b/) {
                cited += 1
                let file = String(citation.0)
                #expect(FileManager.default.fileExists(atPath: file), "\(path) cites \(file)")
            }
            // The files from which the project was begun are not in the repository.
            for name in ["SPEC", "DESIGN"] where text.contains(name + ".md") {
                Issue.record("\(path) cites \(name).md; docs/contract.md and docs/design.md are here")
            }
        }
        #expect(cited > 20)
    }

    @Test func `of a section of the contract are of one that is there`() throws {
        let contract = try String(contentsOfFile: "docs/contract.md", encoding: .utf8)
        let sections = contract.matches(of: /^## (\d+)\./.anchorsMatchLineEndings()).map { String($0.1) }
        #expect(sections == (1...8).map(String.init))
        for (path, text) in Self.texts() {
            for citation in text.matches(of: /contract\.md, sections? (\d+(?:(?:, | and )\d+)*)/) {
                for number in citation.1.matches(of: /\d+/) where !sections.contains(String(number.0)) {
                    Issue.record("\(path) cites section \(number.0) of docs/contract.md")
                }
            }
        }
    }

    /// Links of pages, to files and to headings.
    @Test func `of pages lead somewhere`() throws {
        var links = 0
        for (path, text) in Self.texts() where path.hasSuffix(".md") && !path.contains(".docc/") {
            for link in text.matches(of: /\]\(([^)\s]+)\)/) {
                let parts = link.1.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                guard !link.1.contains("://") else { continue }
                links += 1
                let folder = (path as NSString).deletingLastPathComponent
                let file = parts[0].isEmpty ? path : (folder as NSString).appendingPathComponent(String(parts[0]))
                guard let target = try? String(contentsOfFile: file, encoding: .utf8) else {
                    #expect(FileManager.default.fileExists(atPath: file), "\(path) links to \(link.1)")
                    continue
                }
                guard parts.count > 1 else { continue }
                let anchors = target.matches(of: /^#+ (.*)/.anchorsMatchLineEndings()).map { heading in
                    heading.1.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
                        .replacing(" ", with: "-")
                }
                #expect(anchors.contains(String(parts[1])), "\(path) links to \(link.1)")
            }
        }
        #expect(links > 20)
    }
}
