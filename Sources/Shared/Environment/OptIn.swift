/// Whether a process wants to be profiled: by its own environment at exec (docs/contract.md, section 2).
package enum OptIn {
    /// The variables' names; what they mean is in docs/contract.md, section 2.
    package static let profileKey = "ADI_PROFILE"
    package static let nameKey = "ADI_PROFILE_NAME"
    package static let disabledKey = "ADI_PROFILE_DISABLED"

    /// - Parameters:
    ///   - environment: a block as /proc/PID/environ has it.
    ///   - allowed: values of ADI_PROFILE that count; empty: any but the empty one.
    ///   - isChosen: root says yes in the process' place; it can still opt out.
    package static func verdict(environment: [UInt8], allowed: [String], isChosen: Bool = false) -> Bool {
        if value(of: disabledKey, in: environment) == "1" { return false }
        if isChosen { return true }
        guard let profile = value(of: profileKey, in: environment), !profile.isEmpty else { return false }
        return allowed.isEmpty || allowed.contains(profile)
    }

    /// A list of the settings: separated by commas, blanks around the items ignored, as are empty items.
    package static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.drop { $0 == " " || $0 == "\t" } }
            .map { item in
                var item = item
                while let last = item.last, last == " " || last == "\t" { item.removeLast() }
                return String(item)
            }
            .filter { !$0.isEmpty }
    }

    /// The variable's value; of two the first counts, as for getenv(3).
    package static func value(of key: String, in environment: [UInt8]) -> String? {
        let prefix = Array(key.utf8) + [UInt8(ascii: "=")]
        for entry in environment.split(separator: 0) where entry.starts(with: prefix) {
            return String(decoding: entry.dropFirst(prefix.count), as: UTF8.self)
        }
        return nil
    }
}
