import Foundation
import PackagePlugin

/// Compiles bpf/profiler.bpf.c with the toolchain's clang and puts the object into the executable.
@main
struct KernelObject: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let bpf = context.package.directoryURL.appending(path: "bpf")
        let output = context.pluginWorkDirectoryURL.appending(path: "KernelObject.swift")
        let source = bpf.appending(path: "profiler.bpf.c")
        let script = bpf.appending(path: "embed.sh")
        let headers = try FileManager.default.contentsOfDirectory(at: bpf, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "h" }.sorted { $0.path < $1.path }
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
                    script.path, output.path, clang.path, "-target", "bpf", "-mcpu=v3", "-g", "-O2", "-Wall",
                    "-Werror",
                    "-D__TARGET_ARCH_\(architecture)", "-I\(bpf.path)", "-c", source.path,
                ],
                inputFiles: [source, script] + headers, outputFiles: [output])
        ]
    }
}
