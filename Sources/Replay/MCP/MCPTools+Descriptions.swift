import Console

extension MCPTools.Tool {
    /// What a tool takes: the type, what it is, and whether it has to be there.
    private struct Argument {
        var name: String
        var type: String
        var meaning: String
        var isNeeded = false
    }

    private var meaning: String {
        switch self {
        case .listServices:
            "Who calls whom, for what, how often, how slow and how often in vain: the service map as JSON, the busiest first."
        case .summary:
            "What became of every byte of the recordings, as JSON: files, connections, messages, what was lost and why."
        case .query:
            """
            One SELECT of SQLite over what was seen, a row a line as JSON. Tables and views: http, messages, operations, connections \
            (the event log), exchanges (requests with their answers), map_services, map_endpoints, map_connections, map_operations, edges \
            (the service map), summary, counters, losses. SELECT name, sql FROM sqlite_schema has their columns.
            """
        case .explain:
            "Why a connection, an exchange or an endpoint became what it is: packets, detection, bytes, losses, names and templates."
        case .diff: "What is new, gone or different between two of the recordings."
        case .export: "What was seen in a format of other tools."
        }
    }

    private var arguments: [Argument] {
        switch self {
        case .listServices:
            [
                Argument(name: "service", type: "string", meaning: "Only what this service calls."),
                Argument(name: "top", type: "integer", meaning: "At most so many of each list (50)."),
            ]
        case .summary: []
        case .query:
            [
                Argument(name: "sql", type: "string", meaning: "The SELECT.", isNeeded: true),
                Argument(name: "rows", type: "integer", meaning: "At most so many rows (100)."),
            ]
        case .explain:
            [
                Argument(name: "endpoint", type: "string", meaning: "As the map has it: GET /orders/{orderId}."),
                Argument(name: "exchange", type: "integer", meaning: "The number that the tables have for it."),
                Argument(name: "connection", type: "integer", meaning: "The number that the tables have for it."),
            ]
        case .diff:
            [
                Argument(name: "old", type: "string", meaning: "One of the recordings.", isNeeded: true),
                Argument(name: "new", type: "string", meaning: "Another one.", isNeeded: true),
            ]
        case .export:
            [
                Argument(
                    name: "format", type: "string",
                    meaning: "One of \(ExportedText.allCases.map(\.rawValue).joined(separator: ", ")).", isNeeded: true),
                Argument(name: "service", type: "string", meaning: "Only this service."),
            ]
        }
    }

    /// As `tools/list` has it.
    var description: JSONValue {
        let properties = arguments.map {
            ($0.name, JSONValue.object(["type": .string($0.type), "description": .string($0.meaning)]))
        }
        var schema: [String: JSONValue] = [
            "type": "object", "properties": .object(Dictionary(uniqueKeysWithValues: properties)),
            "additionalProperties": false,
        ]
        let needed = arguments.filter(\.isNeeded).map { JSONValue.string($0.name) }
        if !needed.isEmpty { schema["required"] = .array(needed) }
        return [
            "name": .string(rawValue), "description": .string(meaning), "inputSchema": .object(schema),
            "annotations": ["readOnlyHint": true, "openWorldHint": false],
        ]
    }

    /// - Throws: where an argument is not of the form that is described.
    func check(_ given: JSONValue) throws(Failure) {
        guard case .object(let members) = given else { throw Failure("\(rawValue): arguments are an object") }
        for argument in arguments where argument.isNeeded && members[argument.name] == nil {
            throw Failure("\(rawValue): \(argument.name) is missing")
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let argument = arguments.first(where: { $0.name == name }) else {
                let names = arguments.map(\.name).joined(separator: ", ")
                throw Failure("\(rawValue): \(name) is not known; there is \(names.isEmpty ? "none" : names)")
            }
            let isRight = argument.type == "string" ? value.text != nil : value.whole != nil
            guard isRight else { throw Failure("\(rawValue): \(name) is no \(argument.type)") }
        }
    }
}
