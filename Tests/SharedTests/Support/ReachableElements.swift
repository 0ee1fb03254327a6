/// How many elements all collections hold that can be reached from an object.
///
/// These are its tables, queues and buffers, whatever they are called. What grows with a tape shows
/// here, other than in the memory of a process that runs other tests too.
struct ReachableElements {
    private(set) var count = 0
    private var seen: Set<ObjectIdentifier> = []

    static func count(from root: AnyObject) -> Int {
        var walk = ReachableElements()
        walk.visit(root)
        return walk.count
    }

    private mutating func visit(_ value: Any) {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .class, !seen.insert(ObjectIdentifier(value as AnyObject)).inserted { return }
        switch mirror.displayStyle {
        case .collection, .dictionary, .set:
            count += mirror.children.count
            // Elements are alike: those of numbers need no visit.
            guard let first = mirror.children.first, !(first.value is any Numeric) else { return }
            for child in mirror.children { visit(child.value) }
        default:
            for child in mirror.children { visit(child.value) }
        }
    }
}
