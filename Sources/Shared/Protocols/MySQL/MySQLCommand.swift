/// What a client asks for: MySQL Source Code Documentation, "Command Phase"; MariaDB Knowledge Base, "2 - Text Protocol" and
/// "3 - Binary Protocol (Prepared Statements)".
enum MySQLCommand: UInt8 {
    case quit = 0x01
    case initDB = 0x02
    case query = 0x03
    case fieldList = 0x04
    case createDB = 0x05
    case dropDB = 0x06
    case refresh = 0x07
    case shutdown = 0x08
    case statistics = 0x09
    case processInfo = 0x0A
    case processKill = 0x0C
    case debug = 0x0D
    case ping = 0x0E
    case changeUser = 0x11
    case binlogDump = 0x12
    case registerReplica = 0x15
    case prepare = 0x16
    case execute = 0x17
    case sendLongData = 0x18
    case closeStatement = 0x19
    case resetStatement = 0x1A
    case setOption = 0x1B
    case fetch = 0x1C
    case binlogDumpGTID = 0x1E
    case resetConnection = 0x1F
    /// MySQL's, of a server that becomes a copy of another.
    case clone = 0x20
    /// MariaDB's, of many rows of parameters.
    case executeBulk = 0xFA
    /// Not sent: the login.
    case connect = 0xFF

    /// The server never says a word to it.
    var isUnanswered: Bool { self == .quit || self == .sendLongData || self == .closeStatement }

    /// It may be answered by rows.
    var hasRows: Bool {
        switch self {
        case .query, .execute, .executeBulk, .fetch, .processInfo: true
        default: false
        }
    }

    /// What it is called where it is no statement: the document's name without COM_.
    var name: StaticString {
        switch self {
        case .initDB: "INIT_DB"
        case .fieldList: "FIELD_LIST"
        case .createDB: "CREATE_DB"
        case .dropDB: "DROP_DB"
        case .refresh: "REFRESH"
        case .shutdown: "SHUTDOWN"
        case .statistics: "STATISTICS"
        case .processInfo: "PROCESS_INFO"
        case .processKill: "PROCESS_KILL"
        case .debug: "DEBUG"
        case .ping: "PING"
        case .changeUser: "CHANGE_USER"
        case .binlogDump, .binlogDumpGTID: "BINLOG_DUMP"
        case .registerReplica: "REGISTER_SLAVE"
        case .setOption: "SET_OPTION"
        case .resetConnection: "RESET_CONNECTION"
        case .clone: "CLONE"
        case .connect: "connect"
        case .fetch: "FETCH"
        case .quit, .query, .prepare, .execute, .executeBulk, .sendLongData, .closeStatement, .resetStatement: ""
        }
    }

    /// It keeps a session going, or looks after it, and asks for nothing.
    var isHousekeeping: Bool {
        switch self {
        case .initDB, .fieldList, .statistics, .debug, .ping, .changeUser, .registerReplica, .setOption,
            .resetConnection,
            .connect:
            true
        default: false
        }
    }

    /// A copy of what the server writes, for as long as the connection lasts.
    var isStream: Bool { self == .binlogDump || self == .binlogDumpGTID || self == .clone }
}

/// What both sides can do: MySQL Source Code Documentation, "Capabilities Flags"; the upper half is MariaDB's.
struct MySQLCapabilities: OptionSet {
    let rawValue: UInt64

    static let connectWithDatabase = MySQLCapabilities(rawValue: 1 << 3)
    static let compress = MySQLCapabilities(rawValue: 1 << 5)
    static let protocol41 = MySQLCapabilities(rawValue: 1 << 9)
    static let tls = MySQLCapabilities(rawValue: 1 << 11)
    static let secureConnection = MySQLCapabilities(rawValue: 1 << 15)
    static let lengthOfAuthentication = MySQLCapabilities(rawValue: 1 << 21)
    static let sessionTrack = MySQLCapabilities(rawValue: 1 << 23)
    static let deprecateEOF = MySQLCapabilities(rawValue: 1 << 24)
    static let zstd = MySQLCapabilities(rawValue: 1 << 26)
    static let queryAttributes = MySQLCapabilities(rawValue: 1 << 27)
}

/// What the server says of the session: MySQL Source Code Documentation, "SERVER_STATUS_flags_enum".
struct MySQLStatus: OptionSet {
    let rawValue: UInt16

    static let moreResults = MySQLStatus(rawValue: 0x0008)
    static let cursorExists = MySQLStatus(rawValue: 0x0040)
    static let lastRowSent = MySQLStatus(rawValue: 0x0080)
    static let noBackslashEscapes = MySQLStatus(rawValue: 0x0200)
    static let sessionStateChanged = MySQLStatus(rawValue: 0x4000)
}
