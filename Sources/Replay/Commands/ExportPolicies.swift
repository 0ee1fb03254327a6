import ArgumentParser
import Console
import Shared

/// `--label` of `replay export policies`.
struct PolicyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "policies: the label of pods that has their service's name (default: \(NetworkPolicyFile.usualLabel)).",
            valueName: "key"))
    var label: String?

    func key() throws(Failure) -> String {
        guard let label else { return NetworkPolicyFile.usualLabel }
        guard NetworkPolicyFile.isLabelKey(label) else {
            throw Failure(
                "--label \(label): is no key of a label; Kubernetes has such as app or app.kubernetes.io/name")
        }
        return label
    }
}

extension Export {
    /// A NetworkPolicy of each workload, or of the one that is wanted.
    /// - Returns: what could not be said.
    func writePolicies(_ result: Replaying.Result, from: String, label: String) throws(Failure) -> [String] {
        let (policies, leftOut) = NetworkPolicyFile.policies(
            result.map, result.surroundings, from: from, label: label)
        if policies.isEmpty { for line in leftOut { Terminal.complain("left out: \(line)") } }
        let files = try ServiceFiles(
            policies.map {
                ServiceFiles.Service(
                    name: $0.service, files: [ServiceFiles.File(ending: ".policy.yaml", text: $0.text)])
            }, format: format.rawValue, separator: "---\n", wanted: filters.service)
        try files.write(to: output, inputs: inputs)
        let others = result.capture.packets.otherProtocol
        let packets = Quantity.count(others, "packet") + " of other protocols than TCP, which may need rules, too"
        return (leftOut + (others > 0 ? [packets] : [])).map { "left out: \($0)" }
    }
}
