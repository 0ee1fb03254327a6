/// An optional value that few of many have: one word where there is none.
@propertyWrapper
enum Rare<Value> {
    case absent
    indirect case present(Value)

    init(wrappedValue: Value?) { self = wrappedValue.map(Rare.present) ?? .absent }

    var wrappedValue: Value? {
        get { if case .present(let value) = self { value } else { nil } }
        set { self = Rare(wrappedValue: newValue) }
    }
}

extension Rare: Equatable where Value: Equatable {}
extension Rare: Sendable where Value: Sendable {}
