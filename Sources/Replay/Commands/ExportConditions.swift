import ArgumentParser
import Command
import Console
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

    @OptionGroup var extensions: ExtensionOptions

    /// What is asked for.
    struct Wanted {
        /// By the workload's name.
        var uris: [String: String]
        var reference: ExtensionReference
        var supplied: SuppliedVocabularies
    }

    func wanted() throws(Failure) -> Wanted {
        Wanted(uris: try uris(), reference: try reference(), supplied: try extensions.read())
    }

    private func uris() throws(Failure) -> [String: String] {
        var uris: [String: String] = [:]
        for text in workloadUri {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw Failure(
                    "--workload-uri \(text): no `=` between name and URI; "
                        + "write --workload-uri web=https://example.org/shop/web")
            }
            let (name, uri) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
            guard Self.isURI(uri) else {
                throw Failure(
                    "--workload-uri \(text): no URI after `=`: a URI begins with its scheme, has no blanks and is ASCII; "
                        + "write --workload-uri \(name)=https://example.org/shop/\(name)")
            }
            guard uris.updateValue(uri, forKey: name) ?? uri == uri else {
                throw Failure("--workload-uri \(text): \(name) has another URI already; keep one of them")
            }
        }
        return uris
    }

    /// `scheme ":" hier-part`, of the characters that a URI has (RFC 3986, sections 2 and 3), and not empty behind the colon.
    static func isURI(_ text: String) -> Bool {
        guard
            let found = text.wholeMatch(
                of: /[A-Za-z][A-Za-z0-9+.\-]*:((?:[A-Za-z0-9\-._~:\/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)/)
        else { return false }
        guard found.1.hasPrefix("//") else { return true }
        let authority = found.1.dropFirst(2).prefix { !"/?#".contains($0) }
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        // Only an address has brackets around it, and colons within them (section 3.2.2).
        if let literal = place.wholeMatch(of: /\[([0-9A-Fa-f:.]+)\](?::[0-9]*)?/) {
            return literal.1.contains(":") && IPAddress(String(literal.1)) != nil
        }
        return place.wholeMatch(of: /[^:\[\]]*(?::[0-9]*)?/) != nil
    }

    private func reference() throws(Failure) -> ExtensionReference {
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
    /// - Returns: what could not be said.
    func declare(
        _ wanted: ConditionsOptions.Wanted, _ result: Replaying.Result, from: String
    ) throws(Failure) -> [String] {
        let map = result.map
        let seen = ConditionsFinder.workloads(map)
        guard !wanted.uris.isEmpty else {
            let names = seen.isEmpty ? "nobody was seen to call anybody" : "seen were " + seen.joined(separator: ", ")
            throw Failure("--workload-uri is missing: observation can't tell where a workload comes from; \(names)")
        }
        var profiles: [ServiceFiles.Service] = []
        var leftOut: [String] = []
        var refused: [String] = []
        for (name, uri) in wanted.uris.sorted(by: { $0.key < $1.key }) {
            guard IPAddress(name) == nil else {
                throw Failure("--workload-uri \(name)=…: is an address and no workload's name; give it one with --name")
            }
            do throws(ConditionsFinder.Refusal) {
                let (profile, evidence) = try ConditionsFinder.profile(
                    of: name, uri: uri, map, result.surroundings, wanted.supplied)
                let text = ConditionsFile.profile(profile, from: from, wanted.reference)
                if let fault = Self.fault(in: text, wanted.supplied) {
                    refused.append("\(name): by the vocabularies that were given it would not be valid: \(fault)")
                    continue
                }
                let texts = [
                    (".yaml", text),
                    (
                        ".evidence.yaml",
                        ConditionsFile.evidence(evidence, of: profile, from: from, isLossy: result.isLossy)
                    ),
                ]
                profiles.append(
                    ServiceFiles.Service(
                        name: name, files: texts.map { ServiceFiles.File(ending: $0, text: $1) }))
                leftOut += complaints(name, evidence)
            } catch {
                refused.append("\(name) \(error)")
            }
        }
        guard !profiles.isEmpty else { throw Failure("no profile: " + refused.joined(separator: "; ")) }
        try ServiceFiles(profiles, format: format.rawValue, wanted: nil).write(to: output, inputs: inputs)
        if output == "-" {
            Terminal.complain("what the profile rests on is not printed; it is written beside --output FILE")
        }
        return leftOut + refused.map { "no profile: \($0)" }
    }

    /// What a reader of the profile would find wrong with it, who knows the same vocabularies.
    private static func fault(in text: String, _ supplied: SuppliedVocabularies) -> String? {
        do throws(DocumentFault) {
            return DeclaredProfile(try YAMLFile.document(Array(text.utf8)), supplied).faults.first.map {
                "\($0.kind.rawValue): \($0.text)"
            }
        } catch {
            return error.text
        }
    }

    private func complaints(_ name: String, _ evidence: ConditionsEvidence) -> [String] {
        guard evidence.lost > 0 else { return [] }
        let what = Quantity.count(UInt64(evidence.lost), "dependency or operation", "dependencies or operations")
        return ["\(name): \(what) can't be said in a profile; its evidence file lists them"]
    }
}
