/// What each protocol's detectors say of a connection, for whoever wants to know why it was taken for what it was.
extension Registry {
    package struct Opinion: Equatable, Sendable {
        package enum Finding: String, Sendable {
            case yes, open, no
        }

        package var protocolName: String
        package var finding: Finding
        /// What was recognised; empty where nothing was.
        package var reason: String
    }

    /// Asked as a connection is when it has ended, from the strictest detector to the loosest.
    /// - Parameters:
    ///   - client: what the client said first.
    ///   - isStreamStart: it is the beginning of the streams.
    package func opinions(client: RawSpan, server: RawSpan, isStreamStart: Bool) -> [Opinion] {
        let context = DetectionContext(isStreamStart: isStreamStart, isFinal: true)
        return detectors.map { entry in
            let name = "\(self[entry.row].name)"
            return switch entry.detector.examine(client: client, server: server, context) {
            case .no: Opinion(protocolName: name, finding: .no, reason: "")
            case .needMore: Opinion(protocolName: name, finding: .open, reason: "")
            case .yes(let evidence): Opinion(protocolName: name, finding: .yes, reason: "\(evidence.reason)")
            }
        }
    }

    /// The protocol that is at home on a port.
    package func home(_ port: UInt16) -> String? { atHome(on: port).map { "\(self[$0].name)" } }
}
