import Console
import Shared

/// Formats of `replay export` that are text, as one text.
enum ExportedText: String, CaseIterable {
    case schema, openapi, asyncapi, proto, policies, compose, mermaid, dot

    /// - Parameter service: the only one that is wanted; `nil`: all.
    /// - Returns: and what could not be said, for people.
    func text(
        _ result: Replaying.Result, service: String?
    ) throws(Failure) -> (text: String, leftOut: [String]) {
        let from = result.summary.provenance(isLossy: result.isLossy)
        var selection = Selection()
        selection.service = service
        let map = result.map.filtered(selection)
        switch self {
        case .schema: return (JSONSchemaFile.text(map, from: from, showsCounts: false), [])
        case .openapi: return try joined(OpenAPIFile.descriptions(result.map, from: from, OpenAPIFile.Style()), service)
        case .asyncapi: return try joined(AsyncAPIFile.descriptions(result.map, from: from), service)
        case .proto:
            let (sketches, leftOut) = ProtoFile.sketches(result.map, from: from)
            return (try joined(sketches, service).text, leftOut)
        case .policies:
            let (policies, leftOut) = NetworkPolicyFile.policies(
                result.map, result.surroundings, from: from, label: NetworkPolicyFile.usualLabel)
            return (try joined(policies, service).text, leftOut)
        case .compose: return ComposeFile(map, result.surroundings).fragment(from: from)
        case .mermaid: return (MermaidFile.text(ServiceGraph(map), from: from), [])
        case .dot: return (DOTFile.text(ServiceGraph(map), from: from), [])
        }
    }

    private func joined(
        _ all: [ServiceDescription], _ service: String?
    ) throws(Failure) -> (text: String, leftOut: [String]) {
        let described = all.filter { !$0.text.isEmpty }
        let wanted = described.filter { $0.service == service ?? $0.service }
        guard !wanted.isEmpty else {
            let names = described.isEmpty ? "" : "; it can of " + described.map(\.service).joined(separator: ", ")
            throw Failure("\(rawValue): can say nothing of \(service ?? "what was seen")\(names)")
        }
        let leftOut = all.filter { !$0.leftOut.isEmpty && $0.service == service ?? $0.service }.map {
            "\($0.service): \($0.leftOut.joined(separator: ", "))"
        }
        return (wanted.map(\.text).joined(separator: self == .proto ? "\n" : "---\n"), leftOut)
    }
}
