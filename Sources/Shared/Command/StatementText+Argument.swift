package import Console
package import Shared

extension StatementText {
    /// What an option or a variable of this name says; the default where it is not given.
    package static func of(_ text: String?, _ setting: String) throws(Failure) -> StatementText {
        guard let text else { return .normalized }
        guard let known = StatementText(rawValue: text) else {
            throw Failure("\(setting) \(text): write normalized, full or off")
        }
        return known
    }
}
