/// What every message begins with: MongoDB Manual, "MongoDB Wire Protocol", "Standard Message Header".
struct MongoDBHeader {
    var length: Int
    var id: UInt32
    var responseTo: UInt32
    var opcode: Opcode

    enum Opcode: UInt32 {
        case reply = 1
        case update = 2001
        case insert = 2002
        case query = 2004
        case getMore = 2005
        case delete = 2006
        case killCursors = 2007
        case compressed = 2012
        case message = 2013

        /// Of MongoDB before 3.6: it asks for no answer.
        var isOneWay: Bool {
            switch self {
            case .update, .insert, .delete, .killCursors: true
            default: false
            }
        }
    }

    static let size = 16

    /// - Returns: `nil` where no message of that side begins so.
    init?(_ bytes: RawSpan, _ side: Side) {
        guard let length = bytes.little(UInt32.self, at: 0), let id = bytes.little(UInt32.self, at: 4),
            let responseTo = bytes.little(UInt32.self, at: 8),
            let opcode = bytes.little(UInt32.self, at: 12).flatMap(Opcode.init),
            // maxMessageSizeBytes.
            20...48_000_000 ~= length
        else { return nil }
        let isReply = opcode == .reply || responseTo != 0
        guard isReply == (side == .server) || opcode == .compressed || opcode == .message else { return nil }
        self.length = Int(length)
        self.id = id
        self.responseTo = responseTo
        self.opcode = opcode
    }

    /// The first place at which a message proves itself.
    static func search(_ bytes: RawSpan, _ side: Side, from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            let rest = bytes.extracting(at...)
            let isPossible = rest.fit(little: UInt32.self, at: 0) { 20...48_000_000 ~= $0 }
                .and(rest.fit(little: UInt32.self, at: 8) { ($0 == 0) == (side == .client) })
                .and(rest.fit(little: UInt32.self, at: 12) { Opcode(rawValue: $0) != nil })
            switch isPossible.and(MongoDBDetector.message(rest)) {
            case .yes: return .at(at)
            case .open: return .none(Search(start: at, next: at))
            case .no: at &+= 1
            }
        }
        return .none(Search(start: at, next: at))
    }
}
