@testable import Shared

extension Shape {
    /// One line for a table: `{a: number, b: [string]}`.
    var brief: String {
        switch self {
        case .empty: "null"
        case .nonJSON: "non-json"
        case .null: "\"null\""
        case .boolean: "boolean"
        case .number: "number"
        case .string: "string"
        case .object(let members):
            "{\(members.map { "\($0.key)\($0.isOptional ? "?" : ""): \($0.shape.brief)" }.joined(separator: ", "))}"
        case .union(let shapes): shapes.map(\.brief).joined(separator: " | ")
        case .array(let elements): "[\(elements.map(\.brief).joined(separator: ", "))]"
        }
    }
}
