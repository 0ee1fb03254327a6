import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `--workload-uri` and `--extension-ref` of `replay export conditions`.
struct ConditionsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "conditions: where a workload comes from, as its profile has to say; one for each profile.",
            valueName: "name=uri"))
    var workloadUri: [String] = []

    @Option(
        help: ArgumentHelp(
            "conditions: how vocabularies are referred to: suffix, url or object (default: suffix).",
            valueName: "form"))
    var extensionRef: String?

    /// By the workload's name.
    func uris() throws(Failure) -> [String: String] {
        var uris: [String: String] = [:]
        for text in workloadUri {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw Failure(
                    "--workload-uri \(text): no `=` between name and URI; "
                        + "write --workload-uri web=https://example.org/shop/web")
            }
            let (name, uri) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
            guard !uri.isEmpty, uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw Failure("--workload-uri \(text): no URI after `=`; a URI has no blanks and is ASCII")
            }
            guard uris.updateValue(uri, forKey: name) ?? uri == uri else {
                throw Failure("--workload-uri \(text): \(name) has another URI already; keep one of them")
            }
        }
        return uris
    }

    func reference() throws(Failure) -> ExtensionReference {
        guard let extensionRef else { return .suffix }
        guard let reference = ExtensionReference(rawValue: extensionRef) else {
            let forms = ExtensionReference.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure("--extension-ref \(extensionRef): is none of \(forms)")
        }
        return reference
    }
}

extension Replaying {
    /// A run from which profiles can be made.
    mutating func prepareForConditions() {
        withBodies = true
        options.keepsPlaces = true
        // A credential in a path must not get into a profile.
        options.redact = true
    }
}

extension Export {
    /// Runtime Conditions Profiles: one for each workload that has a URI, and what it rests on beside it.
    func exportConditions() throws {
        let (uris, reference) = (try conditions.uris(), try conditions.reference())
        var replaying = try reading.replaying()
        replaying.prepareForConditions()
        replaying.options.selection = try filters.selection()
        let result = try replaying.run(inputs) { _ in true }
        for line in result.capture.complaints { Terminal.complain(line) }
        let map = result.map
        let seen = ConditionsFinder.workloads(map)
        guard !uris.isEmpty else {
            let names = seen.isEmpty ? "nobody was seen to call anybody" : "seen were " + seen.joined(separator: ", ")
            throw Failure("--workload-uri is missing: observation can't tell where a workload comes from; \(names)")
        }
        let isLossy = result.isLossy
        let from = result.summary.provenance(isLossy: isLossy)
        var files: [ConditionsOutput.File] = []
        var lost = 0
        var refused: [String] = []
        for (name, uri) in uris.sorted(by: { $0.key < $1.key }) {
            guard IPAddress(name) == nil else {
                throw Failure("--workload-uri \(name)=…: is an address and no workload's name; give it one with --name")
            }
            do throws(ConditionsFinder.Refusal) {
                let (profile, evidence) = try ConditionsFinder.profile(of: name, uri: uri, map, result.surroundings)
                files.append(
                    ConditionsOutput.File(
                        name: name, profile: ConditionsFile.profile(profile, from: from, reference),
                        evidence: ConditionsFile.evidence(evidence, of: profile, from: from, isLossy: isLossy)))
                lost += evidence.lost
                for line in complaints(name, evidence) { Terminal.complain(line) }
            } catch {
                refused.append("\(name) \(error)")
            }
        }
        guard !files.isEmpty else { throw Failure("no profile: " + refused.joined(separator: "; ")) }
        for line in refused { Terminal.complain("no profile: \(line)") }
        try ConditionsOutput(output, of: uris.count, inputs: inputs).write(files)
        if isLossy || lost > 0 || !refused.isEmpty { throw ExitCode(1) }
    }

    private func complaints(_ name: String, _ evidence: ConditionsEvidence) -> [String] {
        guard evidence.lost > 0 else { return [] }
        let what = Quantity.count(UInt64(evidence.lost), "dependency or operation", "dependencies or operations")
        return ["\(name): \(what) can't be said in a profile; its evidence file lists them"]
    }
}

/// Where profiles go: one file, or a folder with one for each workload; what each rests on lies beside it.
struct ConditionsOutput {
    struct File {
        /// Of the workload.
        var name: String
        var profile: String
        var evidence: String
    }

    private let path: String
    private let inputs: [String]
    private let isFolder: Bool

    /// - Parameter count: of workloads that are asked for.
    init(_ path: String, of count: Int, inputs: [String]) throws(Failure) {
        self.path = path
        self.inputs = inputs
        var status = stat()
        let isThere = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        isFolder = path != "-" && (isThere || path.hasSuffix("/") || count > 1)
        guard path != "-" || count == 1 else {
            throw Failure("--output -: a document has one workload; name a folder for \(count)")
        }
        guard isFolder, !isThere else { return }
        guard mkdir(path, 0o777) == 0 else {
            throw Failure("--output \(path): can't be made a folder: \(String(cString: strerror(errno)))")
        }
    }

    func write(_ files: [File]) throws(Failure) {
        var taken: Set<String> = []
        for file in files {
            guard isFolder else {
                try write(file.profile, path)
                if path == "-" {
                    Terminal.complain("what the profile rests on is not printed; it is written beside --output FILE")
                } else {
                    try write(file.evidence, Self.beside(path))
                }
                return
            }
            let name = Self.fileName(file.name)
            guard taken.insert(name).inserted else {
                throw Failure("--output \(path): two workloads would be \(name).yaml; export one of them alone")
            }
            let folder = path.hasSuffix("/") ? path : path + "/"
            try write(file.profile, "\(folder)\(name).yaml")
            try write(file.evidence, "\(folder)\(name).evidence.yaml")
        }
    }

    private func write(_ text: String, _ path: String) throws(Failure) {
        if let input = inputs.first(where: { path != "-" && OutputFile.takes(path, $0) }) {
            throw Failure("--output \(path): would overwrite the input \(input); choose another file")
        }
        let file = try OutputFile(path, option: "--output")
        try file.write(text)
        try file.commit()
    }

    /// `x.yaml` has its evidence in `x.evidence.yaml`.
    private static func beside(_ path: String) -> String {
        for end in [".yaml", ".yml"] where path.hasSuffix(end) { return path.dropLast(end.count) + ".evidence" + end }
        return path + ".evidence.yaml"
    }

    /// A name that leads nowhere else.
    static func fileName(_ name: String) -> String {
        let safe = String(name.map { $0 == "/" || $0.asciiValue.map { $0 < 0x20 } == true ? "_" : $0 })
        return safe.hasPrefix(".") ? "_" + safe.dropFirst() : safe
    }
}
