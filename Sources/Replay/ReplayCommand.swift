import Shared
@main
struct ReplayCommand {
    static func main() throws {
        let profiler = Profiler(.init())
        let tape = Tape(sink: profiler)
        for path in CommandLine.arguments.dropFirst() { try tape.read(try Input.open(path, readsAhead: nil)) }
        tape.finish()
        print(tape.packets, tape.flows, tape.files)
    }
}
