import Console
import Shared

/// The inputs of a run, by what they are: tapes, and states of what was seen on others.
struct Inputs {
    /// In the order in which they were named.
    private(set) var tapes: [String] = []
    /// What they are called.
    private(set) var tapeNames: [String] = []
    private(set) var states: [StateInput] = []
    /// The only tape, where it had to be opened to know what it is.
    private var opened: Input?
    private let waitsOn: (() -> Bool)?

    /// - Parameter names: what the inputs are called, if not by their paths.
    /// - Parameter waitsOn: is asked whether to wait, where the only tape has no more bytes.
    init(_ paths: [String], names: [String]?, waitsOn: (() -> Bool)? = nil) throws(Failure) {
        self.waitsOn = waitsOn
        for (place, path) in paths.enumerated() {
            let name = names?[place] ?? (path == "-" ? "standard input" : path)
            // A pipe can be opened once, and several tapes are opened in the order of their times.
            if Input.isFile(path) || paths.count == 1 {
                let isFile = Input.isFile(path)
                let input = try Input.open(
                    path, name: name, readsAhead: isFile ? false : nil, asTape: !isFile, waitsOn: isFile ? nil : waitsOn
                )
                if input.isState {
                    let bytes = try input.whole()
                    let original = states.first { $0.bytes == bytes }?.name
                    states.append(StateInput(name: name, place: place, bytes: bytes, original: original))
                    continue
                }
                if !isFile { opened = input }
            }
            tapes.append(path)
            tapeNames.append(name)
        }
    }

    /// The only tape, opened.
    func only(readsAhead: Bool?) throws(Failure) -> Input {
        if let opened { return opened }
        return try Input.open(tapes[0], name: tapeNames[0], readsAhead: readsAhead, waitsOn: waitsOn)
    }
}

/// A file that `replay state` has written.
struct StateInput {
    var name: String
    /// Among the inputs.
    var place: Int
    var bytes: [UInt8]
    /// The one among the inputs that it is a copy of.
    var original: String?

    /// Adds it to what was seen on tapes, which have ended.
    func add(to profiler: Profiler) throws(Failure) -> CaptureFile {
        var file = CaptureFile(name: name, original: original)
        guard original == nil else { return file }
        do throws(StateFault) {
            let source = try profiler.add(state: bytes)
            file.tapes = source.tapes
            file.isIncomplete = source.isIncomplete
            file.skipped = source.skipped
        } catch {
            throw Failure("\(name): \(error)")
        }
        return file
    }
}
