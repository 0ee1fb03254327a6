import Shared

/// Findings as SARIF 2.1.0 (OASIS standard, 2020), for what shows them beside code.
struct SARIFLog {
    /// What finds them.
    var tool: String
    var rules: [Rule]
    var results: [Result]

    struct Rule {
        var id: String
        var meaning: String
        /// `error`, `warning` or `note`.
        var level: String
    }

    struct Result {
        var rule: String
        var level: String
        var message: String
        /// Of the file that it is about.
        var path: String
        /// From 1 on; `nil` where the file has none.
        var line: Int?
        var name: String
    }

    /// - Parameter version: of this program.
    func text(version: String) -> String {
        IndentedJSON.text { json in
            json.string("$schema", "https://json.schemastore.org/sarif-2.1.0.json")
            json.string("version", "2.1.0")
            json.array("runs", [0]) { json, _ in
                json.object("tool") { json in
                    json.object("driver") { json in
                        json.string("name", tool)
                        json.string("version", version)
                        json.array("rules", rules) { json, rule in
                            json.string("id", rule.id)
                            json.object("shortDescription") { $0.string("text", rule.meaning) }
                            json.object("defaultConfiguration") { $0.string("level", rule.level) }
                        }
                    }
                }
                json.array("results", results) { Self.write($1, &$0) }
            }
        }
    }

    private static func write(_ result: Result, _ json: inout IndentedJSON) {
        json.string("ruleId", result.rule)
        json.string("level", result.level)
        json.object("message") { $0.string("text", result.message) }
        json.array("locations", [0]) { json, _ in
            json.object("physicalLocation") { json in
                json.object("artifactLocation") { $0.string("uri", uri(result.path)) }
                if let line = result.line { json.object("region") { $0.number("startLine", UInt64(line)) } }
            }
            json.array("logicalLocations", [0]) { json, _ in json.string("fullyQualifiedName", result.name) }
        }
    }

    /// A path as a reference (RFC 3986, section 4.2).
    private static func uri(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            let isPlain =
                byte < 0x80
                && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber
                    || "-._~/".utf8.contains(byte))
            if isPlain {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }
}
