import ArgumentParser
import Command

@main
struct ProfilerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profiler",
        abstract: "Watch the processes that opted in (ADI_PROFILE) and write down what they talk to.",
        usage: """
            sudo profiler [<options>]
            sudo profiler run [<options>] -- <command> ...
            sudo profiler status
            sudo profiler doctor
            """,
        discussion: """
            Every setting is an environment variable, and an option that wins over it.

            EXAMPLES
              sudo profiler
                  Writes /var/log/ebpf_http_profiler.log and /var/log/ebpf_http_env.yaml until Ctrl-C.
              sudo ADI_PROFILE_ALLOWED=local SERVICE_MAP_PATH=map.yaml profiler --record run.tape
                  Only processes with ADI_PROFILE=local; also a service map and a trace.
              ADI_PROFILE=local ADI_PROFILE_NAME=shop ./shop
                  A process that opts in.
              sudo profiler run --output log.jsonl -- ./shop --port 8080
                  Starts it opted in, as you, and ends with it and its status.
              sudo profiler --pid 4711 --container shop-db-1
                  What runs already, and what it starts.
              sudo profiler --watch
                  Shows the map while it grows, in the terminal.
              sudo profiler --ship nats://10.0.0.5:4222
                  Sends the trace to a stream; replay nats://10.0.0.5:4222 reads those of all hosts.
              replay run.tape
                  Plays the trace again.

            EXIT STATUS
              0  done
              1  done, but something was lost
              2  could not do what was asked
            """,
        version: ProgramVersion.full,
        subcommands: [CaptureCommand.self, StatusCommand.self, DoctorCommand.self, LaunchCommand.self],
        defaultSubcommand: CaptureCommand.self)

    static func main() {
        let isUnmarked = CommandLine.arguments.dropFirst().first == "run" && !CommandLine.arguments.contains("--")
        let hint = "a command to start stands behind --: profiler run -- ./shop; see profiler run --help"
        runProgram(hint: isUnmarked ? hint : nil) { help(withOptionsOf: CaptureCommand.self) }
    }
}
