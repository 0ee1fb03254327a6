/// The bodies of all endpoints as JSON Schema (draft 2020-12), in one document: types, keys and formats, no values.
///
/// Every body that was read is valid by the schema made from it. What is not said is allowed: keys that were never seen may come.
package enum JSONSchemaFile {
    /// - Parameters:
    ///   - from: what it was made from, for people.
    ///   - showsCounts: say how often keys were there, and null.
    package static func text(_ document: ServiceMapDocument, from: String, showsCounts: Bool) -> String {
        let schema = JSONSchema(showsCounts: showsCounts)
        var definitions: [DocumentTree.Member] = []
        for bodies in document.bodies {
            if !bodies.schemas.request.isEmpty {
                definitions.append(definition(bodies.schemas.request, of: bodies, status: nil, schema))
            }
            for (status, response) in bodies.schemas.responses.sorted(by: { $0.key < $1.key }) where !response.isEmpty {
                definitions.append(definition(response, of: bodies, status: status, schema))
            }
        }
        var members: [DocumentTree.Member] = []
        members.add("$schema", "https://json-schema.org/draft/2020-12/schema")
        members.add("$comment", from)
        members.add("$defs", .map(definitions))
        return DocumentTree.map(members).json
    }

    private static func definition(
        _ general: GeneralSchema, of bodies: ServiceMapDocument.Bodies, status: UInt16?, _ schema: JSONSchema
    ) -> DocumentTree.Member {
        let protocolName = bodies.protocolName == "http/1.1" ? "" : " \(bodies.protocolName)"
        let operation = bodies.operation.map { " \($0)" } ?? ""
        let other = general.facts.fieldsOfOther
        let body =
            status.map { $0 == EndpointSchemas.noStatus ? "response" : "response \(AnswerStatus.name($0))" }
            ?? "request"
        var about: [DocumentTree.Member] = []
        about.add("service", bodies.service)
        about.add("destination", bodies.destination)
        about.add("protocol", bodies.protocolName)
        about.add("method", bodies.method)
        about.add("path", bodies.path)
        about.add("body", status == nil ? "request" : "response")
        if let operation = bodies.operation { about.add("operation", operation) }
        if let status, status > AnswerStatus.highestOfHTTP {
            about.add("status", AnswerStatus.name(status))
        } else if let status, status != EndpointSchemas.noStatus {
            about.add("status", UInt64(status))
        }
        about.add("count", general.facts.total)
        if let other { about.add("media", other.media) }
        let name =
            "\(bodies.service) > \(bodies.destination)\(protocolName) \(bodies.method) \(bodies.path)\(operation) \(body)"
        let members = [DocumentTree.Member("x-tapedeck", .map(about))] + schema.members(other?.facts ?? general.facts)
        return DocumentTree.Member(name, .map(members))
    }
}
