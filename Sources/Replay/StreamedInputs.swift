import Console
import Shipping

/// The inputs of a run, with what a stream has in its place; until `end` they can be opened.
struct StreamedInputs {
    private(set) var paths: [String] = []
    /// What the inputs are called, if not by their paths.
    private(set) var names: [String]?
    /// Keep what they brought.
    private var streams: [StreamedFiles] = []

    /// Reads the streams among some inputs.
    /// - Parameter names: what the inputs are called, if not by their paths.
    init(_ inputs: [String], names: [String]? = nil) throws(Failure) {
        guard inputs.contains(where: StreamAddress.isMeant) else {
            (paths, self.names) = (inputs, names)
            return
        }
        var called: [String] = []
        for (place, input) in inputs.enumerated() {
            guard StreamAddress.isMeant(input) else {
                paths.append(input)
                called.append(names?[place] ?? (input == "-" ? "standard input" : input))
                continue
            }
            let stream = try StreamedFiles(try StreamAddress(input, option: ""))
            streams.append(stream)
            for (path, name) in stream.inputs {
                paths.append(path)
                called.append(name)
            }
        }
        self.names = called
    }

    /// They are read.
    func end() { withExtendedLifetime(streams) {} }
}
