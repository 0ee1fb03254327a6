import Shared

extension ProcessIdentity {
    /// The identity with what the environment says of opting in.
    func withProfile() -> ProcessIdentity {
        guard case .block(let environment) = environment else { return self }
        var identity = self
        identity.profile = OptIn.value(of: OptIn.profileKey, in: environment)
        identity.profileName = OptIn.value(of: OptIn.nameKey, in: environment)
        return identity
    }
}
