import Glibc
import Testing

/// The tests link libnats for the demo's programs, and `Shipping` loads it by itself: neither takes the other's calls.
@Suite struct `Symbols of libnats` {
    @Test(arguments: ["natsOptions_Create", "natsConnection_Destroy", "natsMsg_Destroy", "natsStatus_GetText"])
    func `are the library's own`(_ name: String) throws {
        let library = try #require(dlopen("libnats.so.3.4", RTLD_NOW | RTLD_NOLOAD), "the tests link it no more")
        defer { dlclose(library) }
        let own: UnsafeMutableRawPointer? = dlsym(library, name)
        #expect(own != nil && own == dlsym(nil, name))
    }
}
