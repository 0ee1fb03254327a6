import ArgumentParser
import Console
import Containers
import FoundationEssentials
import Glibc
import Shared

/// `--containers`.
struct ContainerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What docker, podman or nerdctl inspect says of the containers in the capture.", valueName: "file"),
        completion: .file())
    var containers: [String] = []

    /// Reads the files: where each container is reached.
    func read() throws(Failure) -> [ContainerFact] {
        var facts: [ContainerFact] = []
        for path in containers { facts += try Self.read(path) }
        return facts
    }

    private static func read(_ path: String) throws(Failure) -> [ContainerFact] {
        guard let bytes = TextFile.bytes(path) else {
            throw Failure("--containers \(path): can't be read: \(String(cString: strerror(errno)))")
        }
        guard let found = try? InspectedContainer.read(Data(bytes)) else {
            throw Failure("--containers \(path): is not what docker, podman or nerdctl inspect prints (a JSON array)")
        }
        return found.map(\.container).flatMap { container in
            container.endpoints().map { ContainerFact(subject: .endpoint($0), container: container.identity) }
        }
    }
}
