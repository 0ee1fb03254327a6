import ArgumentParser
import Console
import Glibc
import Shared

/// `--name` and `--names`.
struct NameOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A name for an address: 10.0.0.5=web, 10.0.0.5:5432=orders-db, [2001:db8::1]:80=web.",
            valueName: "address=name"))
    var name: [String] = []

    @Option(
        help: ArgumentHelp("A file of names, in the syntax of /etc/hosts.", valueName: "file"), completion: .file())
    var names: [String] = []

    /// Names of both kinds; an option goes before a file.
    func read() throws(Failure) -> AddressNames {
        var known = AddressNames()
        do throws(NameRuleError) {
            for rule in name { try known.add(rule) }
        } catch {
            throw Failure(error.description)
        }
        for path in names { try Self.add(path, to: &known) }
        return known
    }

    static func add(_ path: String, to names: inout AddressNames) throws(Failure) {
        guard let text = TextFile.read(path) else {
            throw Failure("--names \(path): can't be read: \(String(cString: strerror(errno)))")
        }
        do throws(NameRuleError) {
            try names.addHosts(text, file: path)
        } catch {
            throw Failure(error.description)
        }
    }
}
