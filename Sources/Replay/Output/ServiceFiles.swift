import Console
import Glibc

/// What an export says of each service, as files: one service's in a file that the user names, or all in a folder.
struct ServiceFiles {
    /// A service, and what is said of it.
    struct Service {
        /// As the map calls it.
        var name: String
        /// The first is what was asked for; others stand beside it.
        var files: [File]
    }

    struct File {
        /// What follows the service's name, or takes the place of the ending that the user has chosen: `.openapi.yaml`.
        var ending: String
        var text: String
    }

    /// In the order of their names.
    private var services: [Service]
    private let format: String
    /// Between two services' texts in one file; `nil`: a file has one service.
    private let separator: String?

    /// - Parameters:
    ///   - format: what they are called on the command line, for messages.
    ///   - separator: what stands between two services' texts in one file; `nil`: a file has one service.
    ///   - wanted: the name of the only service that is wanted; `nil`: all.
    init(
        _ services: [Service], format: String, separator: String? = nil, wanted: String?
    ) throws(Failure) {
        (self.format, self.separator) = (format, separator)
        self.services = services.filter { $0.name == wanted ?? $0.name }
        guard self.services.isEmpty else { return }
        guard let wanted, !services.isEmpty else {
            throw Failure("export \(format): the inputs show nothing that it could say: \(Self.wanted(by: format))")
        }
        throw Failure(
            "--service \(wanted): \(format) can say nothing of it; it can of \(Self.listed(services.map(\.name)))")
    }

    private static func wanted(by format: String) -> String {
        switch format {
        case "asyncapi": "no messages of a bus or of WebSocket"
        case "proto": "no calls of gRPC with messages"
        case "policies": "nobody with a name who talks to another machine"
        default: "no requests over HTTP"
        }
    }

    /// Writes them to a file or into a folder, or the only one to standard output (`-`); all of them, or none.
    ///
    /// A folder is there already, or its name ends with `/` and it is made.
    func write(to output: String, inputs: [String]) throws(Failure) {
        let texts = try place(output)
        for (path, _) in texts where path != "-" {
            guard let input = inputs.first(where: { OutputFile.takes(path, $0) }) else { continue }
            throw Failure("--output \(output): would overwrite the input \(input); choose another file")
        }
        var files: [OutputFile] = []
        for (path, text) in texts {
            let file = try OutputFile(path, option: "--output")
            try file.write(text)
            files.append(file)
        }
        for file in files { try file.commit() }
    }

    private func place(_ output: String) throws(Failure) -> [(path: String, text: String)] {
        guard try Self.isFolder(output) else {
            if let separator {
                return [(output, services.compactMap { $0.files.first?.text }.joined(separator: separator))]
            }
            guard services.count == 1 else {
                throw Failure(
                    "export \(format): there are \(services.count) services (\(Self.listed(services.map(\.name)))); "
                        + "choose one with --service, or name a folder: --output FOLDER/")
            }
            return services[0].files.enumerated().compactMap { place, file in
                if place == 0 { return (output, file.text) }
                return output == "-" ? nil : (Self.stem(output) + file.ending, file.text)
            }
        }
        let folder = output.hasSuffix("/") ? output : output + "/"
        var taken: Set<String> = []
        return services.flatMap { service in
            var name = Self.fileName(service.name)
            var number = 1
            while !taken.insert(name).inserted {
                number += 1
                name = Self.fileName(service.name) + "-\(number)"
            }
            return service.files.map { (folder + name + $0.ending, $0.text) }
        }
    }

    /// Makes the folder, where the name says that it is one.
    private static func isFolder(_ path: String) throws(Failure) -> Bool {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
        guard path.hasSuffix("/") else { return false }
        guard mkdir(path, 0o700) == 0 else {
            throw Failure("--output \(path): can't be made: \(String(cString: strerror(errno)))")
        }
        return true
    }

    /// A name that is whatever the traffic said, as that of a file: it leads nowhere, and is none that a listing hides.
    static func fileName(_ name: String) -> String {
        var bytes = name.utf8.map { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
        if bytes.first == UInt8(ascii: ".") { bytes[0] = UInt8(ascii: "_") }
        guard bytes.count > longestName else { return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self) }
        // A character that is cut becomes U+FFFD.
        return String(decoding: bytes.prefix(longestName), as: UTF8.self)
    }

    /// Linux has 255 bytes for a name (NAME_MAX); endings and numbers need some.
    private static let longestName = 200

    /// Without what stands behind the last point of the file's name.
    private static func stem(_ path: String) -> String {
        let name = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard let point = path[name...].lastIndex(of: "."), point > name else { return path }
        return String(path[..<point])
    }

    private static func listed(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown), … \(names.count - 8) more" : shown
    }
}
