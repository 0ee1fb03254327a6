import Glibc

/// Standard input, output and error.
package enum StandardStreams {
    /// Takes the place of those that whoever started the program has closed: else the next file that is opened would get the
    /// number, and what is meant for people would be written into it.
    ///
    /// What is opened in their place refuses what they are for, with the error that a closed one gives (EBADF).
    package static func hold() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            // The lowest number that is free, which is this one.
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
