/// What a state keeps of processes, listeners and containers: what names are made of, each with its time.
///
/// Command lines and environments are no part of it.
extension Participants {
    func write(_ state: inout StateWriter) {
        state.sorted(containers.values.filter(\.hasAddress).map(\.identity)) { $0.container($1) }
        state.sorted(processes.values.map { $0 }) { state, told in
            state.process(told.value.key)
            state.moment(told.at)
            state.text(told.value.comm)
            state.optional(told.value.profileName) { $0.text($1) }
            state.namespace(told.value.networkNamespace)
        }
        state.sorted(containersOfProcesses.map { $0 }) { state, entry in
            state.process(entry.key)
            state.moment(entry.value.at)
            state.optional(entry.value.value) { $0.container($1.identity) }
        }
        state.sorted(containersAtEndpoints.map { $0 }) { state, entry in
            state.endpoint(entry.key)
            state.moment(entry.value.at)
            state.optional(entry.value.value) { $0.container($1.identity) }
        }
        let places = listeners.places.flatMap { place, known in known.map { (place, $0) } }
        state.sorted(places) { state, entry in
            state.endpoint(entry.0)
            state.process(entry.1.process)
            state.namespace(entry.1.namespace)
            state.moment(entry.1.at)
        }
        state.sorted(Array(listeners.ownAddresses)) { state, own in
            state.address(own.address)
            state.namespace(own.namespace)
        }
        state.sorted(listeners.answers.map { $0 }) { state, entry in
            state.endpoint(entry.key.place)
            state.process(entry.key.client)
            state.process(entry.value.value)
            state.moment(entry.value.at)
        }
    }

    mutating func add(_ state: inout StateReader) throws(StateFault) {
        for _ in 0..<(try state.count()) { known(try state.container()).hasAddress = true }
        for _ in 0..<(try state.count()) {
            let (key, moment) = (try state.process(), try state.moment())
            let comm = try state.string()
            let name = try state.optional { state throws(StateFault) in try state.string() }
            add(
                ProcessIdentity(
                    key: key, comm: comm, commandLine: "", profileName: name,
                    networkNamespace: try state.namespace()),
                at: moment)
        }
        for _ in 0..<(try state.count()) {
            let (key, moment) = (try state.process(), try state.moment())
            let container = try state.optional { state throws(StateFault) in try state.container() }
            add(ContainerFact(subject: .process(key), container: container), at: moment)
        }
        for _ in 0..<(try state.count()) {
            let (endpoint, moment) = (try state.endpoint(), try state.moment())
            let container = try state.optional { state throws(StateFault) in try state.container() }
            add(ContainerFact(subject: .endpoint(endpoint), container: container), at: moment)
        }
        try addListeners(&state)
        change()
    }

    private mutating func addListeners(_ state: inout StateReader) throws(StateFault) {
        for _ in 0..<(try state.count()) {
            let (endpoint, process) = (try state.endpoint(), try state.process())
            let (namespace, moment) = (try state.namespace(), try state.moment())
            guard hasRoom(listeners.count, listeners.isKnown(endpoint)) else { continue }
            _ = listeners.add(process, at: endpoint, in: namespace, moment)
        }
        for _ in 0..<(try state.count()) {
            let address = try state.address()
            guard let namespace = try state.namespace() else { throw .damaged }
            _ = listeners.add(ownAddress: address, in: namespace, limit: limit)
        }
        for _ in 0..<(try state.count()) {
            let (endpoint, client) = (try state.endpoint(), try state.process())
            let (answer, moment) = (try state.process(), try state.moment())
            _ = listeners.add(answer: answer, to: client, at: endpoint, moment, limit: limit)
        }
    }
}
