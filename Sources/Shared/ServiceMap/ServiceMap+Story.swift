extension ServiceMap {
    /// What a journal has, by the names and templates of the document.
    /// - Parameter templates: what nodes of the paths are written as.
    borrowing func story(
        _ journal: Journal, _ names: inout ChosenNames, templates: [UInt32: String], name: (PartyID) -> PartyName
    ) -> ServiceMapDocument.Story {
        typealias Subject = ServiceMapDocument.Story.Subject
        var story = ServiceMapDocument.Story()
        story.axis = journal.axis
        story.count = journal.count
        var endpoints: [EndpointKey: Subject] = [:]
        for entry in journal.endpoints.entries {
            guard let path = templates[entry.key.path] else { continue }
            let kind = entry.key.kind == EndpointKey.noKind ? nil : text(entry.key.kind)
            let subject = Subject(
                service: names[names.number(of: entry.key.source, name).number],
                destination: names[names.number(of: entry.key.destination, name).number],
                protocolName: "\(registry[entry.key.row].wireName)", method: text(entry.key.method),
                name: [path, kind].compactMap { $0 }.joined(separator: " "))
            endpoints[entry.key] = subject
            story.timelines[subject, default: Timeline()].merge(entry.value, journal.axis)
        }
        func subject(_ key: OperationKey, _ names: inout ChosenNames) -> Subject {
            let operation = ServiceMapDocument.Operation(
                name: text(key.name), targets: text(key.targets).split(separator: "\0").map(String.init),
                summary: text(key.summary), count: 0, errors: 0, rows: 0, firstSeen: Timestamp(nanoseconds: 0),
                lastSeen: Timestamp(nanoseconds: 0))
            return Subject(
                service: names[names.number(of: key.connection.source, name).number],
                destination: names[names.number(of: key.connection.destination, name).number],
                protocolName: self.name(of: key.connection.row), name: operation.title)
        }
        for entry in journal.operations.entries {
            story.timelines[subject(entry.key, &names), default: Timeline()].merge(entry.value, journal.axis)
        }
        for record in journal.records {
            let about: Subject
            switch record.subject {
            case .endpoint(let key):
                guard let known = endpoints[key] else { continue }
                about = known
            case .operation(let key): about = subject(key, &names)
            }
            story.exchanges.append(record.of(about, target: String(decoding: record.target, as: UTF8.self)))
        }
        for (connection, ends) in journal.ends {
            story.ends[connection] = ServiceMapDocument.Story.Ends(
                service: names[names.number(of: ends.source, name).number],
                destination: names[names.number(of: ends.destination, name).number])
        }
        story.rules = names.rulesByName
        // They were told of in the order in which they ended.
        let order = story.exchanges.indices.sorted {
            (story.exchanges[$0].moment, $0) < (story.exchanges[$1].moment, $1)
        }
        story.exchanges = order.map { story.exchanges[$0] }
        return story
    }
}
