import ArgumentParser
import Console
import NIOSSL

/// What a service shows of itself over HTTPS.
struct CertificateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Serve HTTPS with it, PEM (or TLS_CERTIFICATE; unset: HTTP).", valueName: "file"),
        completion: .file())
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The key of the certificate, PEM (or TLS_KEY).", valueName: "file"), completion: .file())
    var tlsKey: String?

    /// - Returns: `nil` where HTTP is to be served.
    func configuration() throws(Failure) -> TLSConfiguration? {
        let certificate = Setting("--tls-certificate", "TLS_CERTIFICATE").text(tlsCertificate)
        let key = Setting("--tls-key", "TLS_KEY").text(tlsKey)
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            do {
                return .makeServerConfiguration(
                    certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                    privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
            } catch {
                throw Failure(
                    "TLS_CERTIFICATE \(certificate), TLS_KEY \(key): can't be used: \(error); write PEM files")
            }
        default: throw Failure("TLS_CERTIFICATE and TLS_KEY go together: write both, or neither")
        }
    }
}

/// Whom a service believes that asks others over HTTPS.
struct AuthorityOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask over HTTPS, and believe whom this certificate vouches for, PEM (or TLS_AUTHORITY; unset: HTTP).",
            valueName: "file"), completion: .file())
    var tlsAuthority: String?

    /// - Returns: `nil` where others are asked over HTTP.
    func context() throws(Failure) -> NIOSSLContext? {
        guard let file = Setting("--tls-authority", "TLS_AUTHORITY").text(tlsAuthority) else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(file)
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw Failure("TLS_AUTHORITY \(file): can't be used: \(error); write a PEM file")
        }
    }
}
