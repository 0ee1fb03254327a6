/// Finds entries by their hash: open addressing with linear probing, at most half full.
///
/// It knows the entries' numbers and hashes only; what they are, and when two are equal, whoever holds them knows. An entry
/// that leaves moves up those that it had pushed down, so that no marks of the dead gather.
///
/// Hashes are made with `seed`, which differs from run to run: so nobody can send keys that all fall into one place. No order
/// depends on it, and nothing that is written.
///
/// Public, because the compiler inlines nothing that is `package` into another module: `replay` asks at each packet.
public struct HashIndex: ~Copyable {
    /// The hash above the entry's number plus one; 0 is free.
    @usableFromInline var places: UnsafeMutablePointer<UInt64>
    /// The number of places less one, which are a power of two.
    @usableFromInline var mask: Int
    /// How many entries are in it.
    package private(set) var count = 0
    /// For the hashes.
    package let seed: UInt64

    private static let firstPlaces = 64

    package init(seed: UInt64 = .random(in: .min ... .max)) {
        self.seed = seed
        mask = Self.firstPlaces &- 1
        places = Self.free(Self.firstPlaces)
    }

    deinit { places.deallocate() }

    /// The entry for which `isWanted` says yes, among those with this hash.
    @inlinable
    @inline(__always)
    public borrowing func find(_ hash: UInt32, _ isWanted: (Int) -> Bool) -> Int? {
        var at = Int(hash) & mask
        while places[at] != 0 {
            let place = places[at]
            if UInt32(truncatingIfNeeded: place &>> 32) == hash {
                let number = Int(truncatingIfNeeded: place & 0xFFFF_FFFF) &- 1
                if isWanted(number) { return number }
            }
            at = (at &+ 1) & mask
        }
        return nil
    }

    /// Adds an entry that is not in it.
    /// - Parameter number: below 2^32 - 1.
    package mutating func insert(_ number: Int, _ hash: UInt32) {
        precondition(number >= 0 && number < UInt32.max)
        if (count &+ 1) &* 2 > mask &+ 1 { grow() }
        put(UInt64(hash) << 32 | UInt64(number &+ 1))
        count &+= 1
    }

    /// Takes an entry out; where it is not in it, nothing happens.
    package mutating func remove(_ number: Int, _ hash: UInt32) {
        let wanted = UInt64(hash) << 32 | UInt64(truncatingIfNeeded: number &+ 1)
        var hole = home(wanted)
        while places[hole] != wanted {
            guard places[hole] != 0 else { return }
            hole = (hole &+ 1) & mask
        }
        count &-= 1
        var at = (hole &+ 1) & mask
        while places[at] != 0 {
            // What is found from its home without passing the hole stays where it is.
            if (at &- home(places[at])) & mask >= (at &- hole) & mask {
                places[hole] = places[at]
                hole = at
            }
            at = (at &+ 1) & mask
        }
        places[hole] = 0
    }

    /// Takes all entries out; its memory stays.
    package mutating func removeAll() {
        places.update(repeating: 0, count: mask &+ 1)
        count = 0
    }

    @inline(__always)
    private func home(_ place: UInt64) -> Int { Int(truncatingIfNeeded: place &>> 32) & mask }

    @inline(__always)
    private func put(_ place: UInt64) {
        var at = home(place)
        while places[at] != 0 { at = (at &+ 1) & mask }
        places[at] = place
    }

    @inline(never)
    private mutating func grow() {
        let old = (places: places, count: mask &+ 1)
        places = Self.free(old.count &* 2)
        mask = old.count &* 2 &- 1
        for at in 0..<old.count where old.places[at] != 0 { put(old.places[at]) }
        old.places.deallocate()
    }

    private static func free(_ count: Int) -> UnsafeMutablePointer<UInt64> {
        let places = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        places.initialize(repeating: 0, count: count)
        return places
    }
}
