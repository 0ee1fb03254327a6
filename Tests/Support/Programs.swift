import Foundation

/// The programs under test, as they were built beside the tests.
package enum Programs {
    package static let folder: String = {
        let bundle = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }
        let start = bundle ?? ProcessInfo.processInfo.arguments.first ?? ""
        let folder = (start as NSString).deletingLastPathComponent
        return FileManager.default.isExecutableFile(atPath: folder + "/profiler") ? folder : ".build/debug"
    }()

    package static let profiler = folder + "/profiler"
    package static let replay = folder + "/replay"
    package static let exerciser = folder + "/exerciser"
    package static let demoServer = folder + "/demo-server"
    package static let traffic = folder + "/traffic"

    /// A script of the folder demo; `swift test` runs in the package's folder.
    package static func demo(_ name: String) -> String { FileManager.default.currentDirectoryPath + "/demo/" + name }

    /// A script of the folder Tests/Runtimes.
    package static func runtimes(_ name: String) -> String {
        FileManager.default.currentDirectoryPath + "/Tests/Runtimes/" + name
    }

    /// A program on the machine.
    package static func find(_ name: String, package: String) throws -> String {
        let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"]
        let paths = folders.map { $0 + "/" + name }
        guard let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw Failed("\(name) is missing: apt-get install \(package) (.ci/live-packages lists all)")
        }
        return path
    }
}
