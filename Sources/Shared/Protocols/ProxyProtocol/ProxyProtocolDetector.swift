/// The PROXY protocol by its header, which stands at the beginning of the client's stream and nowhere else: where that was not
/// heard, the first packets may be missing that open the connection, and carry nothing.
///
/// Strict enough: version 2 has a signature of 12 bytes, made so that no other protocol begins with it; version 1 is a
/// line of six words of which four are addresses and ports.
enum ProxyProtocolDetector: Detector {
    static var strictness: Strictness { .signature }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        guard !context.followsOthers else { return .no }
        switch ProxyProtocolHeader.read(client) {
        case .no: return .no
        case .needMore: return .needMore
        case .header: return .yes(Evidence("PROXY header"))
        }
    }
}
