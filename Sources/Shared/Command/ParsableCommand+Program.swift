package import ArgumentParser
import Console
import Glibc

/// A command that is a program: what all of Tapedeck's programs do alike, from the first argument to the exit status.
extension ParsableCommand {
    /// Runs the program, so that signals end it in order.
    /// - Parameter help: what it says of itself.
    /// - Parameter hint: what helps where the arguments make no sense, if that is not the help.
    package static func runProgram(hint: String? = nil, help: () -> String) {
        StandardStreams.hold()
        Interruption.listen()
        do {
            if ["-h", "--help", "help"].contains(CommandLine.arguments.dropFirst().joined(separator: " ")) {
                return try StandardOutput.write(help())
            }
            var command = try command(meantBy: Array(CommandLine.arguments.dropFirst()))
            try command.run()
        } catch {
            end(with: error, hint: hint)
        }
    }

    /// The command that the arguments are of.
    ///
    /// Without a subcommand's name they are asked of the default one alone: all in turn take longer, which is a good part of
    /// what a program takes to start. Help, a version and what makes no sense to it are for all of them.
    private static func command(meantBy arguments: [String]) throws -> any ParsableCommand {
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        guard let first = arguments.first, !names.contains(first), let standard = configuration.defaultSubcommand,
            let command = try? standard.parseAsRoot(arguments), type(of: command) == standard
        else { return try parseAsRoot(arguments) }
        return command
    }

    /// The program with those of its commands that the arguments name.
    private static func named(_ arguments: [String]) -> String {
        var names = [configuration.commandName ?? ""]
        var command: any ParsableCommand.Type = self
        for argument in arguments.dropFirst() {
            let next = command.configuration.subcommands.first { $0.configuration.commandName == argument }
            guard let next else { break }
            command = next
            names.append(argument)
        }
        return names.joined(separator: " ")
    }

    /// The help with the options of the default subcommand in place: who leaves out its name shall not have to know it.
    package static func help(withOptionsOf subcommand: (some ParsableCommand).Type) -> String {
        let (own, run) = (helpMessage(), helpMessage(for: subcommand))
        let options = run.firstRange(of: "OPTIONS:").map { run[$0.lowerBound...] } ?? ""
        return own[..<(own.firstRange(of: "OPTIONS:")?.lowerBound ?? own.endIndex)] + options + "\n"
    }

    /// Ends the program: what it could not do is one line on standard error, and status 2.
    ///
    /// - Parameter hint: what helps where the arguments make no sense, if that is not the help.
    package static func end(with error: any Error, hint: String? = nil) -> Never {
        if let failure = error as? Failure {
            Terminal.complain(failure.description)
            // Not exit(): it would take libraries down in which other threads may still be.
            _exit(2)
        }
        let code = exitCode(for: error)
        guard code != .validationFailure else {
            let whole = oneLine(message(for: error))
            let message = whole.hasSuffix(".") ? whole.dropLast() : whole[...]
            // "Did you mean …?" says enough.
            let hint = message.hasSuffix("?") ? "" : "; \(hint ?? "see \(named(CommandLine.arguments)) --help")"
            Terminal.complain(message + hint)
            Glibc.exit(2)
        }
        // A status that a command has chosen; or help, a version, a completion script.
        guard code == .success else { exit(withError: error) }
        do throws(Failure) {
            try StandardOutput.write(fullMessage(for: error) + "\n")
        } catch {
            Terminal.complain(error.description)
            Glibc.exit(2)
        }
        Glibc.exit(0)
    }

    /// A message in one line: ArgumentParser writes what may be chosen as a list, a line each.
    private static func oneLine(_ message: String) -> String {
        var words = ""
        for line in message.split(separator: "\n") {
            let text = line.drop { $0 == " " }
            let isFirstOfList = words.hasSuffix(":")
            let separator = words.isEmpty ? "" : text.hasPrefix("- ") && !isFirstOfList ? ", " : " "
            words += separator + (text.hasPrefix("- ") ? text.dropFirst(2) : text)
        }
        return words
    }
}
