extension String {
    /// Of a URL, all but what stands between `//` and the host: it is nobody's to read in a message.
    package var withoutCredentials: String {
        guard let scheme = firstRange(of: "://") else { return self }
        let rest = self[scheme.upperBound...]
        // A password may have a slash that should have been written otherwise.
        guard let at = rest.lastIndex(of: "@") else { return self }
        return String(self[..<scheme.upperBound] + rest[rest.index(after: at)...])
    }
}
