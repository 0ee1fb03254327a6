import Shared
import Testing

@testable import profiler

/// Lines of /proc/PID/cgroup: cgroups(7).
@Suite struct `Cgroups` {
    private static let id = "7ae65ae7233e5339694d481c8c0ff89453ed2ce9af8c93fd95564bf9885d4e65"
    private static let other = String(repeating: "0f", count: 32)

    @Test(arguments: [
        "0::/docker/ID", "0::/system.slice/docker-ID.scope", "0::/system.slice/docker-ID.scope/init",
        "0::/libpod_parent/libpod-ID", "0::/machine.slice/libpod-ID.scope",
        "0::/machine.slice/libpod-ID.scope/container",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope",
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/docker-ID.scope",
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-ID.scope",
        "0::/kubepods/besteffort/pod8d6f/ID", "0::/system.slice/nerdctl-ID.scope", "0::/default/ID",
        "0::/machine.slice/crio-ID.scope", "0::/../../docker/ID", "4:memory:/docker/ID",
        "12:cpu,cpuacct:/process_api/1/docker/ID", "1:name=systemd:/docker/ID",
    ]) func `name the container`(_ line: String) throws {
        let places = Cgroup.places(line.replacing("ID", with: Self.id) + "\n")
        #expect(places.map(\.id) == [Self.id])
        #expect(places[0].path?.hasSuffix("/init") == false && places[0].path?.hasSuffix("/container") == false)
    }

    @Test(arguments: [
        "", "0::/", "0::/user.slice/user-0.slice/session-1.scope", "0:/docker/ID", "ID", "0::",
        "0::/docker/ID0", "0::/docker/xID", "0::/docker/\(id.dropLast())", "0::/docker/\(id.uppercased())",
        "0::/docker/\(id.dropLast())g", "0::/docker-ID.service", "0::/docker-ID.scope.d", "0::/a:b/c",
    ]) func `name none where a folder only looks like one`(_ line: String) {
        #expect(Cgroup.places(line.replacing("ID", with: Self.id)).isEmpty, "\(line)")
    }

    @Test func `name the innermost first, and each place once`() {
        let nested = "0::/docker/\(Self.id)/docker/\(Self.other)/init"
        #expect(Cgroup.places(nested).map(\.id) == [Self.other, Self.id])
        let twice = Cgroup.places("0::/docker/\(Self.id)\n0::/docker/\(Self.id)\n")
        #expect(twice == [Cgroup.Place(id: Self.id, path: "/docker/\(Self.id)")])
    }

    @Test func `of v1 are one place a hierarchy`() {
        let text = "9:name=systemd:/docker/\(Self.id)\n4:memory:/docker/\(Self.id)\n0::/\n"
        #expect(Cgroup.places(text).map(\.path) == ["name=systemd/docker/\(Self.id)", "memory/docker/\(Self.id)"])
    }

    @Test func `by the kernel are names, the innermost first`() {
        #expect(Cgroup.identifiers(["init", "docker-\(Self.id).scope", "system.slice", ""]) == [Self.id])
        #expect(Cgroup.identifiers(["", "", "", ""]) == [])
        #expect(Cgroup.identifiers([Self.other, "docker", "libpod-\(Self.id)", "x"]) == [Self.other, Self.id])
    }

}

@Suite struct `A runtime's machine` {
    @Test func `has the addresses of its tables, and no others`() {
        let table = """
            Main:
              +-- 0.0.0.0/0 3 0 5
                 |-- 172.18.0.0
                    /16 link UNICAST
            Local:
                 |-- 172.18.0.1
                    /32 host LOCAL
                 |-- 172.18.255.255
                    /32 link BROADCAST
                 |-- junk
                    /32 host LOCAL
            """
        #expect(RuntimeHost.v4(table).map(\.description) == ["172.18.0.1"])
        let lines =
            "fd000123000000000000000000000001 04 40 00 80   br-1\n00000000000000000000000000000001 01\nshort 1\n\n"
        #expect(RuntimeHost.v6(lines).map(\.description) == ["fd00:123::1", "::1"])
    }
}
