import ArgumentParser
import Console
import Glibc
import Shared

/// `--watch`, `--speed` and `--once`.
struct WatchOptions: ParsableArguments {
    @Flag(
        help:
            "Show the map while it grows: a view with keys on a terminal, else the tree every now and then; a file is followed while it is written."
    )
    var watch = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --watch, play a tape so many times as fast as it was recorded, or as fast as can be: 1, 0.5, 100, max (default: 1; max of a file that is still written, or standard input).",
            valueName: "factor"))
    var speed: String?

    @Flag(help: "With --watch, read to the end and print the tree alone, once.")
    var once = false

    var isWanted: Bool { watch && !once }

    /// - Parameter outputs: paths of what is written.
    /// - Returns: who watches; `nil`: nobody.
    func watch(_ inputs: [String], _ outputs: [String?], _ choice: MapView.Choice) throws(Failure) -> Watch? {
        guard watch else {
            if speed != nil { throw Failure("--speed: is of --watch; give both") }
            if once { throw Failure("--once: is of --watch; give both") }
            return nil
        }
        let given = try given()
        guard !once else { return nil }
        guard !outputs.contains("-") else {
            throw Failure("--watch: shows the map on standard output; name a file for what is written there")
        }
        let name = inputs.count == 1 ? inputs[0].withoutCredentials : "\(inputs.count) inputs"
        let isGrowing = inputs.contains { $0 == "-" || FileWriters.write(path: $0) }
        return Watch(
            name == "-" ? "standard input" : name, choice, of: .tape(given ?? (isGrowing ? .most : .times(1))))
    }

    private func given() throws(Failure) -> TapePace.Speed? {
        guard let speed else { return nil }
        if speed == "max" { return .most }
        guard let factor = Double(speed), TapePace.Speed.slowest...TapePace.Speed.fastest ~= factor else {
            throw Failure(
                "--speed \(speed): write a number, \(TapePace.Speed.slowest) to \(Int(TapePace.Speed.fastest)), or max")
        }
        return .times(factor)
    }
}
