import Containers
import Foundation
import Shared
import TestSupport
import Testing

@testable import profiler

/// What is heard of a runtime, by its recorded answers.
@Suite struct `A container watch` {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/runtime.sock" }

    init() throws { folder = try TemporaryFolder() }

    /// What was said until something is.
    private func hear(
        _ watch: ContainerWatch, _ heard: inout [ContainerWatch.News], until isEnough: ([ContainerWatch.News]) -> Bool
    ) throws {
        _ = try eventually("news of containers") {
            heard += watch.take()
            return isEnough(heard) ? true : nil
        }
    }

    @Test(arguments: [FakeRuntime.Kind.docker, .podman])
    func `hears the same of a list as of an inspection`(_ kind: FakeRuntime.Kind) throws {
        let runtime = try FakeRuntime(kind, at: path)
        let watch = try ContainerWatch(socket: path)
        var heard: [ContainerWatch.News] = []
        try hear(watch, &heard) { $0.compactMap(\.known).count == 2 }
        let known = heard.compactMap(\.known)
        #expect(known[0].identity == known[1].identity && known[0].identity.id == runtime.ids[0])
        #expect(known[0].identity.service == "web" && known[0].identity.name == "shop-web-1")
        #expect(known[0].identity.image == "localhost/busybox:1")
        #expect(known[0].endpoints() == known[1].endpoints())
        #expect(
            known[0].endpoints().map(\.description).prefix(4) == [
                "10.123.0.2:0", "[fd00:123::2]:0", "127.0.0.1:18080", "10.123.0.1:18080",
            ])
        #expect(known[0].initPid == 0 && known[1].initPid > 0)
    }

    @Test func `knows two thousand at once, and a new one before it has asked for each`() throws {
        let runtime = try FakeRuntime(.docker, at: path, containers: 2000)
        let watch = try ContainerWatch(socket: path)
        var heard: [ContainerWatch.News] = []
        try hear(watch, &heard) { $0.contains { $0.listed?.count == 2000 } }
        #expect(Set(heard.compactMap(\.known?.identity.id)).isSuperset(of: runtime.ids))
        let new = FakeRuntime.madeUp(5000)
        runtime.behave(.slow(0.01))
        try runtime.tell("create", new)
        try runtime.tell("start", new)
        try hear(watch, &heard) { news in
            news.contains { $0.created?.identity.id == new } && news.contains { $0.known?.identity.id == new }
        }
        #expect(runtime.inspections < 2000, "what is new is asked for first")
    }

    @Test func `misses nothing that happens while it lists`() throws {
        let runtime = try FakeRuntime(.docker, at: path, manner: .slow(0.5))
        let new = FakeRuntime.madeUp(7)
        let telling = Thread {
            try? runtime.waitForRequest("/containers/json")
            try? runtime.tell("create", new)
        }
        telling.start()
        let watch = try ContainerWatch(socket: path)
        var heard: [ContainerWatch.News] = []
        try hear(watch, &heard) { $0.contains { $0.created?.identity.id == new } }
    }

    @Test func `lists anew when a runtime has come back`() throws {
        let before = try FakeRuntime(.podman, at: path)
        let watch = try ContainerWatch(socket: path)
        var heard: [ContainerWatch.News] = []
        try hear(watch, &heard) { $0.contains { $0.listed == before.ids } }
        try before.waitForRequest("/events")
        before.stop()
        let after = try FakeRuntime(.podman, at: path, containers: 3)
        try hear(watch, &heard) { $0.contains { $0.listed == after.ids } }
    }

    @Test func `needs somebody behind the socket`() {
        for path in [path, "/dev/null", String(repeating: "x", count: 200)] {
            #expect { try ContainerWatch(socket: path) } throws: { "\($0)".contains("CONTAINERD_SOCKET") }
        }
    }
}

extension ContainerWatch.News {
    fileprivate var known: RunningContainer? { if case .known(let container, _) = self { container } else { nil } }
    fileprivate var created: RunningContainer? { if case .created(let container) = self { container } else { nil } }
    fileprivate var listed: [String]? { if case .listed(let ids) = self { ids } else { nil } }
}
