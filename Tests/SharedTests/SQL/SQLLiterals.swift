@testable import Shared

/// Statements made at random, in which each literal is made of bytes that stand nowhere else: `Z`, `Q`, `J`, `7` and `9`.
struct SQLLiterals {
    let dialect: SQLDialect
    var random: SeededRandom

    static let secret: Set<UInt8> = Set("ZQJ79".utf8)

    init(_ dialect: SQLDialect, seed: UInt64) {
        self.dialect = dialect
        random = SeededRandom(seed: seed)
    }

    private mutating func pick(_ all: [String]) -> String { all[random.below(all.count)] }

    private mutating func some(_ all: [String], _ most: Int) -> String {
        (0..<random.below(most + 1)).map { _ in pick(all) }.joined()
    }

    // MARK: Literals

    mutating func literal() -> String {
        switch dialect.kind {
        case .standard:
            switch random.below(5) {
            case 0: return number()
            case 1: return "q'[" + some(["Z", "Q7", "'", "\"", "--"], 5) + "Z]'"
            case 2: return "N" + quoted("'")
            default: return quoted("'")
            }
        case .postgreSQL:
            switch random.below(9) {
            case 0, 1: return number()
            case 2: return pick(["E", "e"]) + quoted("'", escapes: true)
            case 3: return dollarQuoted()
            case 4: return pick(["B", "x", "N", "X"]) + quoted("'")
            case 5: return "U&" + quoted("'")
            default: return quoted("'")
            }
        case .mySQL:
            switch random.below(8) {
            case 0, 1: return number()
            case 2: return quoted("\"", escapes: true)
            case 3: return pick(["N", "x", "b", "_utf8mb4", "_latin1", "_binary"]) + quoted("'", escapes: true)
            case 4: return "_utf8" + quoted("\"", escapes: true)
            default: return quoted("'", escapes: true)
            }
        case .transactSQL:
            switch random.below(6) {
            case 0: return number()
            case 1: return "N" + quoted("'")
            case 2: return pick(["$", "-$"]).replacing("-$", with: "$") + digits() + "." + digits()
            default: return quoted("'")
            }
        }
    }

    private mutating func digits() -> String { (0...random.below(4)).map { _ in pick(["7", "9"]) }.joined() }

    private mutating func number() -> String {
        switch random.below(6) {
        case 0: "0x" + digits() + pick(["F", "a", ""])
        case 1: digits() + "." + digits()
        case 2: digits() + pick(["e", "E"]) + pick(["", "-", "+"]) + digits()
        case 3: "." + digits()
        case 4: pick(["-", "+"]) + digits()
        default: digits()
        }
    }

    private mutating func quoted(_ quote: String, escapes: Bool = false) -> String {
        var parts = [
            "Z", "Q", "7", "J9", quote + quote, "--", "/*", "*/", "$$", "#", ";", "\n", "?", "(", ")", ",", "]", "`",
        ]
        parts += escapes ? ["\\" + quote, "\\\\", "\\Z"] : ["\\Z"]
        parts += quote == "'" ? ["\""] : ["'"]
        return quote + some(parts, 8) + pick(["Z", "Q7", "9"]) + (escapes ? "" : pick(["", "\\"])) + quote
    }

    private mutating func dollarQuoted() -> String {
        let tag = "$" + pick(["", "a", "body", "_t1"]) + "$"
        let inner = some(["Z", "'", "Q$", "\"", "--", "/*", "$b$", "\\", "7 "], 6)
        return tag + inner.replacing(tag, with: "") + "Z " + tag
    }

    // MARK: What is around them

    private mutating func name() -> String {
        var names = ["a", "orders", "o.id", "t_1", "select_list", "c3"]
        switch dialect.kind {
        case .mySQL: names += ["`a'b`", "`x\"y`", "@v", "@@s", "2024_t"]
        case .transactSQL: names += ["[a'b]", "\"c d\"", "@p1", "#tmp", "[x]]y]"]
        case .postgreSQL: names += ["\"it's\"", "\"a\"\"b\"", "$1", "x::text", "a[1:2]"]
        case .standard: names += ["\"it's\"", ":name", "emp@link"]
        }
        return pick(names)
    }

    private mutating func comment() -> String {
        switch dialect.kind {
        case .mySQL: pick(["/* ZQ ' \" */", "-- Z' 7\n", "# Q\" 9\n", "/*+ Z */"])
        case .transactSQL, .postgreSQL: pick(["/* ZQ ' /* \" */ J */", "-- Z' 7\n"])
        case .standard: pick(["/* ZQ ' \" */", "-- Z' 7\n"])
        }
    }

    private mutating func blank() -> String { pick([" ", " ", "  ", "\n", "\t", " " + comment() + " "]) }

    private mutating func value(_ depth: Int = 0) -> String {
        switch random.below(depth > 2 ? 4 : 9) {
        case 0: name()
        case 1, 2, 3: literal()
        case 4: "(" + value(depth + 1) + pick([" + ", " || ", " - ", " * "]) + literal() + ")"
        case 5:
            name() + " IN (" + (0...random.below(3)).map { _ in literal() }.joined(separator: pick([",", ", "])) + ")"
        case 6: "f(" + literal() + ", " + value(depth + 1) + ")"
        case 7: "CASE WHEN " + name() + " = " + literal() + " THEN " + literal() + " ELSE " + literal() + " END"
        default: "(SELECT " + literal() + " FROM t WHERE b = " + literal() + ")"
        }
    }

    mutating func statement() -> String {
        let lists = (0...random.below(3)).map { _ in
            "(" + (0...random.below(3)).map { _ in value() }.joined(separator: ",") + ")"
        }
        switch random.below(8) {
        case 0: return "INSERT INTO t" + blank() + "VALUES " + lists.joined(separator: ", ")
        case 1: return "UPDATE t SET a = " + value() + ", b=" + literal() + blank() + "WHERE c = " + value()
        case 2: return "DELETE FROM t WHERE a BETWEEN " + literal() + " AND " + literal()
        case 3: return "CALL p(" + value() + ", " + literal() + ")"
        case 4: return "SET x = " + literal()
        case 5: return "CREATE TABLE t (a int DEFAULT " + literal() + ", b text CHECK (b <> " + literal() + "))"
        case 6:
            return "WITH w AS (SELECT " + value() + ")" + blank() + "SELECT " + value() + " FROM w LIMIT " + literal()
        default:
            return "SELECT " + value() + "," + blank() + literal() + " FROM t" + blank() + "WHERE a = " + value()
                + " AND b LIKE "
                + literal() + blank() + "ORDER BY " + name()
        }
    }
}
