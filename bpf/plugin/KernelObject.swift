import Foundation
import PackagePlugin

/// Compiles bpf/profiler.bpf.c with the toolchain's clang and puts the object into the executable.
@main
struct KernelObject: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let bpf = context.package.directoryURL.appending(path: "bpf")
        let output = context.pluginWorkDirectoryURL.appending(path: "KernelObject.swift")
        let inputs = ["profiler.bpf.c", "profiler.h", "kernel.h", "embed.sh"].map { bpf.appending(path: $0) }
        #if arch(arm64)
            let architecture = "arm64"
        #else
            let architecture = "x86"
        #endif
        let clang = try context.tool(named: "clang").url
        return [
            .buildCommand(
                displayName: "Compiling profiler.bpf.c",
                executable: URL(filePath: "/bin/sh"),
                arguments: [
                    inputs[3].path, output.path, clang.path, "-target", "bpf", "-mcpu=v3", "-g", "-O2", "-Wall",
                    "-Werror",
                    "-D__TARGET_ARCH_\(architecture)", "-I\(bpf.path)", "-c", inputs[0].path,
                ],
                inputFiles: inputs, outputFiles: [output])
        ]
    }
}
