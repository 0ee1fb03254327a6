import ArgumentParser
import Console
import Glibc

/// `profiler doctor`: whether live capture works on this machine.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say whether this machine can capture, and what to do if not.")

    func run() throws {
        var isWell = true
        func say(_ title: String, _ complaint: String?) throws(Failure) {
            try StandardOutput.write(complaint.map { "no   \(title)\n     \($0)\n" } ?? "yes  \(title)\n")
            if complaint != nil { isWell = false }
        }
        for requirement in Requirement.allCases where requirement != .rights {
            try say(requirement.title, requirement.complaint())
        }
        var lacksSomething = false
        for capability in Capability.used {
            let title = "\(capability.name) \(capability.purpose)"
            if capability.isHeld || capability.isRequired {
                try say(title, capability.isHeld ? nil : capability.consequence)
            } else {
                lacksSomething = true
                try StandardOutput.write("no   \(title)\n     \(capability.consequence)\n")
            }
        }
        if isWell {
            var complaint: String?
            do throws(Failure) {
                let program = try KernelProgram(KernelProgram.Settings())
                let hooks =
                    switch program.hooks {
                    case .socket: "sock_send_length, sock_recv_length: processes that aren't profiled pay nothing"
                    case .syscall: "sys_enter, sys_exit: this kernel is older than Linux 6.3; all processes get slower"
                    }
                try say("hooks: \(hooks)", nil)
            } catch {
                complaint = error.description
            }
            try say("the program loads and attaches", complaint)
        }
        if isWell { try StandardOutput.write(TLSSurvey.text) }
        let limits = lacksSomething ? ", with the limits that are said above" : ""
        try StandardOutput.write(
            isWell ? "Live capture works here (Linux \(Requirement.kernelRelease))\(limits).\n" : "")
        if !isWell { throw ExitCode(2) }
    }
}
