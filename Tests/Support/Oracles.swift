import Foundation

/// Other people's readers of what Tapedeck writes, in Python; Tests/Oracles has the scripts and says which versions.
package enum Oracles {
    /// A script of the folder Tests/Oracles.
    package static func script(_ name: String) -> String {
        FileManager.default.currentDirectoryPath + "/Tests/Oracles/" + name
    }

    /// The Python that has them, made once.
    package static let python = Result<String, any Error> { try make() }

    private static func make() throws -> String {
        let folder = FileManager.default.currentDirectoryPath + "/.build/oracles"
        let python = folder + "/bin/python3"
        let requirements = script("requirements.txt")
        let mark =
            folder + "/installed-"
            + String(
                try String(contentsOfFile: requirements, encoding: .utf8).utf8.reduce(5381) { $0 &* 33 &+ Int($1) })
        if FileManager.default.fileExists(atPath: mark) { return python }
        let system = try Programs.find("python3", package: "python3-venv")
        for (program, arguments) in [
            (system, ["-m", "venv", "--clear", folder]),
            (python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]),
        ] {
            let outcome = try Child(program, arguments, patience: 240).wait()
            guard outcome.status == 0 else { throw Failed("\(arguments.joined(separator: " ")): \(outcome.errors)") }
        }
        try Data().write(to: URL(fileURLWithPath: mark))
        return python
    }
}
