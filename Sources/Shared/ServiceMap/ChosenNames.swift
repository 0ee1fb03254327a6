/// The names that parties have when the map is written: each name is a number, whoever goes by it.
struct ChosenNames {
    private var numbers: [String: UInt32] = [:]
    private var texts: [String] = []
    /// What was chosen for each party.
    private var chosen: [UInt32: (number: UInt32, type: DestinationType)] = [:]
    /// Of the services that are containers; the first that is met stays.
    private(set) var images: [UInt32: String] = [:]
    /// What each was taken from.
    private var rules: [UInt32: NameRule] = [:]

    subscript(number: UInt32) -> String { texts[Int(number)] }

    /// The number of a party's name, and what the party is.
    mutating func number(
        of party: UInt32, _ name: (PartyID) -> PartyName
    ) -> (number: UInt32, type: DestinationType) {
        if let known = chosen[party] { return known }
        let name = name(PartyID(raw: party))
        let number = numbers[name.text] ?? UInt32(texts.count)
        if number == UInt32(texts.count) {
            texts.append(name.text)
            numbers[name.text] = number
        }
        if let image = name.image, images[number] == nil { images[number] = image }
        chosen[party] = (number, name.type)
        rules[number] = min(rules[number] ?? name.rule, name.rule)
        return (number, name.type)
    }

    /// What each name was taken from.
    var rulesByName: [String: NameRule] {
        Dictionary(uniqueKeysWithValues: rules.map { (texts[Int($0.key)], $0.value) })
    }

    /// The place of each name in the order of their bytes.
    func ranks() -> [UInt32] {
        let order = texts.indices.sorted { texts[$0].utf8.lexicographicallyPrecedes(texts[$1].utf8) }
        var ranks = [UInt32](repeating: 0, count: order.count)
        for (rank, number) in order.enumerated() { ranks[number] = UInt32(rank) }
        return ranks
    }
}
