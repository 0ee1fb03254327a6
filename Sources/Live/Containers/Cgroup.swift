/// The containers that the paths of /proc/PID/cgroup name, of cgroup v1 and v2 alike.
enum Cgroup {
    /// A folder of a hierarchy that has a container's identifier in its name.
    struct Place: Equatable {
        var id: String
        /// The hierarchy, and the path as far as the identifier; `nil` where only the name is known.
        var path: String?
    }

    /// The innermost folder comes first.
    ///
    /// `/docker/ID`, `/system.slice/docker-ID.scope`, `/libpod_parent/libpod-ID`,
    /// `/kubepods.slice/…/cri-containerd-ID.scope`, and what is nested in them.
    static func places(_ text: String) -> [Place] {
        var places: [Place] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            var path = String(fields[1])
            var found: [Place] = []
            for folder in fields[2].split(separator: "/") {
                path += "/" + folder
                if let id = identifier(folder) { found.append(Place(id: id, path: path)) }
            }
            for place in found.reversed() where !places.contains(place) { places.append(place) }
        }
        return places
    }

    /// The identifiers in names of cgroups, as a kernel's record has them: innermost first.
    static func identifiers(_ names: [String]) -> [String] { names.compactMap { identifier($0[...]) } }

    /// Identifiers are 64 hexadecimal digits, behind the runtime's prefix.
    private static func identifier(_ folder: Substring) -> String? {
        let name = folder.hasSuffix(".scope") ? folder.dropLast(6) : folder
        let id = name.suffix(64)
        guard id.utf8.count == 64, id.utf8.allSatisfy({ $0 &- 0x30 < 10 || $0 &- 0x61 < 6 }) else { return nil }
        return name.count == 64 || name.dropLast(64).hasSuffix("-") ? String(id) : nil
    }
}
