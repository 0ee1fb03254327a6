/// Names of which each is given once.
struct TakenNames {
    private var taken: Set<String> = []

    /// The name, with a number where it is taken.
    /// - Parameter other: what stands for an empty one.
    mutating func own(_ name: String, or other: String) -> String {
        let name = name.isEmpty ? other : name
        var own = name
        var number = 1
        while !taken.insert(own).inserted {
            number += 1
            own = "\(name)\(number)"
        }
        return own
    }
}
