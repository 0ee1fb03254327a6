/// Commands and statuses of memcached's binary protocol ("Memcached Binary Protocol", "Command opcodes", "Response status").
enum MemcachedOpcode {
    struct Row {
        var name: StaticString
        var kind: MemcachedCommand.Kind
        /// It is answered only where there is something to say.
        var isQuiet: Bool
    }

    static func row(_ opcode: UInt8) -> Row {
        func row(_ name: StaticString, _ kind: MemcachedCommand.Kind, quiet: Bool = false) -> Row {
            Row(name: name, kind: kind, isQuiet: quiet)
        }
        return switch opcode {
        case 0x00: row("get", .get)
        case 0x01: row("set", .store)
        case 0x02: row("add", .store)
        case 0x03: row("replace", .store)
        case 0x04: row("delete", .delete)
        case 0x05: row("increment", .count)
        case 0x06: row("decrement", .count)
        case 0x07: row("quit", .quit)
        case 0x08: row("flush", .flush)
        case 0x09: row("getq", .get, quiet: true)
        case 0x0A: row("noop", .version)
        case 0x0B: row("version", .version)
        case 0x0C: row("getk", .get)
        case 0x0D: row("getkq", .get, quiet: true)
        case 0x0E: row("append", .store)
        case 0x0F: row("prepend", .store)
        case 0x10: row("stat", .stats)
        case 0x11: row("setq", .store, quiet: true)
        case 0x12: row("addq", .store, quiet: true)
        case 0x13: row("replaceq", .store, quiet: true)
        case 0x14: row("deleteq", .delete, quiet: true)
        case 0x15: row("incrementq", .count, quiet: true)
        case 0x16: row("decrementq", .count, quiet: true)
        case 0x17: row("quitq", .quit, quiet: true)
        case 0x18: row("flushq", .flush, quiet: true)
        case 0x19: row("appendq", .store, quiet: true)
        case 0x1A: row("prependq", .store, quiet: true)
        case 0x1B: row("verbosity", .version)
        case 0x1C: row("touch", .touch)
        case 0x1D: row("gat", .get)
        case 0x1E: row("gatq", .get, quiet: true)
        case 0x20: row("sasl list mechanisms", .version)
        case 0x21: row("sasl authenticate", .version)
        case 0x22: row("sasl step", .version)
        case 0x23: row("gatk", .get)
        case 0x24: row("gatkq", .get, quiet: true)
        default: row("_OTHER", .other)
        }
    }

    /// What the text protocol calls it, where it does.
    static func status(_ status: UInt16) -> (name: StaticString, isError: Bool) {
        switch status {
        case 0x00: ("", false)
        case 0x01: ("NOT_FOUND", false)
        case 0x02: ("EXISTS", false)
        case 0x03: ("TOO_LARGE", true)
        case 0x04: ("INVALID_ARGUMENTS", true)
        case 0x05: ("NOT_STORED", false)
        case 0x06: ("NON_NUMERIC", true)
        case 0x07: ("WRONG_VBUCKET", true)
        case 0x20, 0x08: ("AUTH_ERROR", true)
        case 0x21, 0x09: ("AUTH_CONTINUE", false)
        case 0x81: ("UNKNOWN_COMMAND", true)
        case 0x82: ("OUT_OF_MEMORY", true)
        case 0x83: ("NOT_SUPPORTED", true)
        case 0x84: ("INTERNAL_ERROR", true)
        case 0x85: ("BUSY", true)
        case 0x86: ("TEMPORARY_FAILURE", true)
        default: ("_OTHER", true)
        }
    }

    static let headerBytes = 24
}
