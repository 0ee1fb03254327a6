/// What a channel tells of its connection as an edge: what is talked, what only the port says, and what nobody knows.
extension Channel {
    func report(_ found: ProtocolID, _ evidence: Evidence, _ timestamp: Timestamp) {
        let port = connection.destinationPort
        switch run.registry[found].role {
        case .exchanges: break
        case .service:
            let isOnDefaultPort = run.registry[found].ports.contains(port)
            let reason = isOnDefaultPort ? "port \(port), \(evidence.reason)" : "\(evidence.reason)"
            report(found, confidence: 90, reason, nil, timestamp)
        // Told when its handshake has told what it can: `know`.
        case .envelope, .prefix: break
        }
    }

    /// What is known of an envelope: the protocol that it names, else the one that is at home on the port.
    func report(_ facts: TLSFacts, _ timestamp: Timestamp) {
        let port = connection.destinationPort
        let reason = "\(chosen?.evidence.reason ?? run.registry[row].name)"
        // What was said before it was recognised is told then.
        let timestamp = max(timestamp, chosen?.at ?? timestamp)
        if let reported = connection.reported, run.registry[reported].role == .service, connection.confidence == 90 {
            // It said so in the clear, before TLS began.
            report(
                reported, confidence: 90, connection.reportedReason, facts.serverName, timestamp, isEncrypted: true)
        } else if let name = facts.applicationProtocol, let named = run.registry.row(alpn: name) {
            // What is HTTP within TLS is an exchange, or hidden.
            guard run.registry[named].role == .service else {
                report(row, confidence: 90, "\(reason), ALPN \(name)", facts.serverName, timestamp, isEncrypted: true)
                return
            }
            connection.found(named, run.registry)
            let onPort = run.registry[named].ports.contains(port) ? "port \(port), " : ""
            report(
                named, confidence: 90, "\(onPort)\(reason), ALPN \(name)", facts.serverName, timestamp,
                isEncrypted: true)
        } else if !(chosen?.followsOthers ?? false), let service = run.registry.atHome(on: port) {
            // What was said before it would have been that service's.
            report(
                service, confidence: 60, "port \(port), \(reason)", facts.serverName, timestamp, isEncrypted: true)
        } else {
            report(row, confidence: 90, reason, facts.serverName, timestamp, isEncrypted: true)
        }
    }

    /// Whatever was opened and gave no exchange is an edge, if only to an address and port.
    /// - Parameter reason: why nobody knows what is talked.
    func reportRest(_ reason: String, _ timestamp: Timestamp) {
        guard !connection.isReported, !connection.isCopy else { return }
        // What follows CONNECT goes to somebody else than the exchange.
        let isTunnel = endsUnknown && connection.namedDestination != nil
        if connection.hasExchange, !isTunnel { return }
        if let views = connection.views, views.hasExchange && !isTunnel || views.mayKnowMore(than: connection) {
            return
        }
        guard let verdict = connection.verdict, connection.isUnderstood(run.registry), !isTunnel else {
            if connection.verdict == nil { connection.guessRoles() }
            let port = connection.server.port
            if isPrefixOnly {
                return report(nil, confidence: 0, EdgeReason.prefixOnly, nil, timestamp)
            }
            if payloadBytes == 0, let service = run.registry.atHome(on: port) {
                return report(service, confidence: 60, "port \(port), \(reason)", nil, timestamp)
            }
            let looks = detection.impression.text(localIsClient: connection.localIsClient)
            return report(nil, confidence: 0, payloadBytes == 0 ? reason : "\(reason): \(looks)", nil, timestamp)
        }
        guard run.registry[verdict].role == .exchanges else { return }
        report(verdict, confidence: 90, EdgeReason.noExchange, nil, timestamp)
    }

    func report(
        _ found: ProtocolID?, confidence: Int, _ reason: String, _ serverName: String?, _ timestamp: Timestamp,
        isEncrypted: Bool = false
    ) {
        // What a layer says with less confidence is known already; what lies in an envelope says more than that.
        let isEnvelope = connection.reported.map { run.registry[$0].role == .envelope } ?? false
        let isEncrypted = isEncrypted || isDecrypted
        // What has said what it is, and encrypts from then on, is told of as that.
        let becomesEncrypted = isEncrypted && !connection.isToldEncrypted && found == connection.reported
        if connection.isReported, !becomesEncrypted,
            confidence < connection.confidence || confidence == connection.confidence && !isEnvelope
        {
            return
        }
        connection.isToldEncrypted = isEncrypted
        // The first reason is the better one.
        let reason = becomesEncrypted && connection.isReported ? connection.reportedReason : reason
        // What lies in an envelope goes to the host that the envelope named, and is an entry of its own where it is not
        // what the port said.
        connection.serverName = serverName ?? connection.serverName
        let event = ConnectionEvent(
            timestamp: timestamp, row: found, confidence: confidence, reason: reason,
            serverName: connection.serverName, isEncrypted: isEncrypted,
            isRepeated: becomesEncrypted && connection.isReported, failure: nil)
        connection.isReported = true
        connection.reported = found
        connection.reportedReason = reason
        connection.confidence = confidence
        let origin = origin
        tell(event, origin)
    }

    private func tell(_ event: ConnectionEvent, _ origin: Origin) {
        if let views = connection.views {
            views.take(event, of: connection, origin)
        } else {
            sinks.state.connection(event, of: connection, origin)
        }
        // Nobody's own view, of what another tells.
        if connection.isCopy { return }
        for sink in sinks.others { sink.connection(event, of: connection, origin) }
    }

    /// The protocol that is at home where the connection goes; the lower port is the likelier one, where nobody knows.
    var home: Detection.Home? {
        let opened = connection.opened
        let localIsClient =
            opened.role == .unknown ? opened.local.port >= opened.remote.port : connection.localIsClient
        let port = connection.namedDestination?.port ?? (localIsClient ? opened.remote : opened.local).port
        return run.registry.atHome(on: port).map { Detection.Home(row: $0, localIsClient: localIsClient) }
    }

    /// The port speaks for a protocol, and what was said, if anything, doesn't speak against it.
    func reportPort(_ timestamp: Timestamp) {
        guard connection.confidence == 0, !connection.isUnderstood(run.registry), !connection.isCopy, let home else {
            return
        }
        let isLittle = payloadBytes > 0 && !isPrefixOnly
        if isLittle, mode != .detecting || detection.likeness(to: home) != .open { return }
        connection.guessRoles()
        let reason =
            isLittle
            ? "too little payload to confirm it" : isPrefixOnly ? EdgeReason.prefixOnly : nothingSaid
        report(home.row, confidence: 60, "port \(connection.destinationPort), \(reason)", nil, timestamp)
    }

    /// Nothing was said behind a prefix: there was no more to come, or it was refused.
    var isPrefixOnly: Bool {
        guard let verdict = connection.verdict, run.registry[verdict].role == .prefix else { return false }
        return mode == .reading || mode == .detecting && detection.isEmpty
    }

    /// Why nothing is known of a connection without payload.
    var nothingSaid: String { connection.isUnanswered ? EdgeReason.unanswered : EdgeReason.noPayload }

    func reportFailure(_ error: Int32, _ port: UInt16, _ timestamp: Timestamp) {
        let service = run.registry.atHome(on: port)
        let failure = ConnectFailure(error: error)
        let event = ConnectionEvent(
            timestamp: timestamp, row: service, confidence: service == nil ? 0 : 60,
            reason: "port \(port), connect failed: \(failure.text)", serverName: nil, isEncrypted: false,
            failure: failure)
        guard !connection.isCopy else { return }
        let origin = origin
        sinks.all { $0.connection(event, of: connection, origin) }
    }
}
