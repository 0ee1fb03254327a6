import CCommit

/// Which Tapedeck this is: all its programs have one version.
package enum ProgramVersion {
    /// The one place that says it.
    ///
    /// Packages and images are made with it, and it stands in traces.
    package static let number = "0.2.0"

    /// As `--version` prints it: with the commit, where that is known.
    package static let full: String = {
        guard let commit = tapedeck_commit_or_null().map({ String(cString: $0) }), !commit.isEmpty else {
            return number
        }
        return "\(number) (\(commit))"
    }()
}
