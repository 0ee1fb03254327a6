/// The functions of a program of Go by their names, which it keeps for its stack traces when it is stripped of all else: its
/// table `.gopclntab` (src/runtime/symtab.go, `pcHeader`; src/internal/abi/symtab.go; Go 1.18 and newer).
enum GoFunctions {
    /// More than any program's table has, bytes.
    private static let limit: UInt64 = 256 << 20
    /// Go 1.18, and 1.20 and newer.
    private static let versions: [UInt64] = [0xFFFF_FFF0, 0xFFFF_FFF1]

    /// - Returns: `nil` where the file is no program of Go, or has no such function.
    static func address(of name: String, in file: ProgramFile) -> UInt64? {
        guard let section = file.section(named: ".gopclntab"), section.count <= limit else { return nil }
        let table = file.bytes(at: section.offset, count: Int(section.count))
        guard versions.contains(table.number(0, 4)), table.number(7, 1) == 8 else { return nil }
        // The number of functions, and of files; where the code begins; and where in the table their names are, and they.
        let (count, textStart) = (table.number(8, 8), table.number(24, 8))
        let (names, functions) = (Int(clamping: table.number(32, 8)), Int(clamping: table.number(64, 8)))
        guard names < table.count, functions < table.count, count < UInt64(table.count) / 8 else { return nil }
        let start = textStart != 0 ? textStart : file.section(named: ".text")?.address ?? 0
        guard let place = self.name(name, in: table, from: names) else { return nil }
        for index in 0..<Int(count) {
            // Where the function begins, counted from the start of the code, and where it is described.
            let row = functions + 8 * index
            let description = functions + Int(table.number(row + 4, 4))
            guard table.number(description + 4, 4) == UInt64(place) else { continue }
            return start &+ table.number(row, 4)
        }
        return nil
    }

    /// Where the name stands, counted from the first one's place.
    private static func name(_ name: String, in table: [UInt8], from start: Int) -> Int? {
        var found: Int?
        table[start...].withUnsafeBytes { bytes in
            bytes.places(of: [0] + Array(name.utf8) + [0]) { place in if found == nil { found = place + 1 } }
        }
        return found
    }
}
