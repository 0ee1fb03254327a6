extension ServedInterface {
    /// A body as its media type and what is known of its contents.
    struct Content {
        /// Without parameters; `*/*` where messages say none.
        var media: String
        var schema: DocumentTree?
        /// Of a sequence of JSON texts: what each of them is.
        var element: DocumentTree?
    }

    struct Answer {
        var status: UInt16
        var content: [Content]
    }
}

extension ServedInterface.Operation {
    /// What requests carry; empty where none has a body.
    var requestContent: [ServedInterface.Content] { Self.content(facts.requestBodies, request) }

    /// All requests had a body.
    var requiresBody: Bool {
        let (bodies, messages) = (facts.requestBodies.bodies, facts.requestBodies.messages)
        return messages > 0 ? bodies == messages : request.facts.total == count
    }

    /// By status.
    var answers: [ServedInterface.Answer] {
        let known = Set(statuses.keys).union(facts.answers.keys.filter { ServedInterface.status($0) != nil })
        return known.sorted().map { status in
            ServedInterface.Answer(
                status: status,
                content: Self.content(
                    facts.answers[status] ?? InterfaceFacts.Bodies(), responses[status] ?? GeneralSchema()))
        }
    }

    private static func content(
        _ bodies: InterfaceFacts.Bodies, _ general: GeneralSchema
    ) -> [ServedInterface.Content] {
        let facts = general.facts
        let other = facts.fieldsOfOther
        // Fields of several kinds, or fields and JSON: of none is it known what it is made of.
        let isMixed = other == nil && facts.members.keys.contains { ["{form}", "{multipart}", "{xml}"].contains($0) }
        guard bodies.bodies > 0 else {
            // Heads are not known: a state has none.
            guard facts.total > 0, !isMixed, let media = media(of: other?.media) else { return [] }
            return [ServedInterface.Content(media: media, schema: schema(other?.facts ?? facts))]
        }
        return bodies.media.sorted.map { media, _ in
            var content = ServedInterface.Content(media: media)
            guard facts.total > 0, !isMixed else { return content }
            switch kind(media) {
            case .json: if other == nil { content.schema = schema(facts) }
            case .lines:
                if other == nil, let element = facts.elements.first { content.element = schema(element) }
            case .fields(let name): if other?.media == name { content.schema = other.map { schema($0.facts) } }
            case .other:
                // JSON that does not say so, where nothing else does either.
                let isAll = bodies.media.values.count == 1 && !bodies.media.isCut && facts.total == bodies.bodies
                if other == nil, isAll { content.schema = schema(facts) }
            }
            return content
        }
    }

    private static func schema(_ facts: SchemaFacts) -> DocumentTree { .map(JSONSchema().members(facts)) }

    private enum Kind {
        case json, lines, other
        /// As `SchemaFacts.fieldsOfOther` calls them.
        case fields(String)
    }

    private static func kind(_ media: String) -> Kind {
        switch media {
        case "application/json", "text/json": .json
        case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/ld+jsonl",
            "application/json-lines":
            .lines
        case "application/x-www-form-urlencoded": .fields("form")
        case "multipart/form-data": .fields("multipart")
        case "application/json-seq", "application/graphql": .other
        default: media.hasSuffix("+json") ? .json : .other
        }
    }

    /// The media type of contents that say what they are.
    private static func media(of kind: String?) -> String? {
        switch kind {
        case nil: "application/json"
        case "form": "application/x-www-form-urlencoded"
        case "multipart": "multipart/form-data"
        default: nil
        }
    }
}
