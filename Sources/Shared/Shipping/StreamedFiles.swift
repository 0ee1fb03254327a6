package import Console
import Glibc
import Shared

/// The files that a stream has, each whole and in its order, for as long as this lives.
package final class StreamedFiles {
    /// In the order of hosts and names.
    private let files: [StreamedFile]
    private let address: StreamAddress

    /// Reads all that the stream has by now.
    package init(_ address: StreamAddress) throws(Failure) {
        self.address = address
        Self.allowFiles()
        var files: [String: StreamedFile] = [:]
        var strangers: UInt64 = 0
        var failure: Failure?
        do throws(StreamFault) {
            let link = try JetStream(address)
            try link.read { subject, id, content in
                guard let name = ShippedFile(subject: subject), let position = id.flatMap(Piece.position) else {
                    strangers &+= 1
                    return true
                }
                do throws(Failure) {
                    if files[name.name] == nil { files[name.name] = try StreamedFile(name) }
                    if try files[name.name]?.add(content, at: position) == false { strangers &+= 1 }
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
        } catch {
            let remedy = error.isNoStream ? "; `replay ship` and `profiler --ship` make it" : ""
            throw Failure("\(address): \(error)\(remedy)")
        }
        if let failure { throw failure }
        self.files = files.values.sorted { ($0.file.host, $0.file.name) < ($1.file.host, $1.file.name) }
        for file in self.files { try file.arrange() }
        if strangers > 0 {
            Terminal.complain(
                "\(address): left out \(Quantity.count(strangers, "message")) that nobody's file is made of")
        }
        guard !self.files.isEmpty || Interruption.isRequested else {
            let subject = address.subject.map { " of subject \($0)" } ?? ""
            throw Failure("\(address): has nothing\(subject) that was shipped")
        }
    }

    /// Where each can be read, and what it is called: as an address that gives it alone.
    package var inputs: [(path: String, name: String)] {
        files.map { ($0.path, "\(address)?subject=\($0.file.subject(on: address))") }
    }

    /// Each is open, and as many as there are hosts and parts.
    private static func allowFiles() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
