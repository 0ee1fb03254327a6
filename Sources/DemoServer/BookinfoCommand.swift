import ArgumentParser
import Console
import Hummingbird

/// `demo-server bookinfo`: one of the services of Istio's Bookinfo demo.
struct BookinfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bookinfo", abstract: "Play a service of Istio's Bookinfo demo.",
        discussion: """
            Where the others are is set by the variables of that demo: DETAILS_HOSTNAME, REVIEWS_HOSTNAME and \
            RATINGS_HOSTNAME (default: details, reviews, ratings), DETAILS_SERVICE_PORT, REVIEWS_SERVICE_PORT and \
            RATINGS_SERVICE_PORT (default: 9080), and SERVICES_DOMAIN.
            """)

    enum Role: String, CaseIterable, ExpressibleByArgument {
        case productpage, details, reviews, ratings
    }

    @Argument(help: "productpage, details, reviews or ratings.")
    var role: Role

    @OptionGroup var address: AddressOptions
    @OptionGroup var certificate: CertificateOptions
    @OptionGroup var authority: AuthorityOptions

    @Option(
        help: ArgumentHelp(
            "Of reviews: v1 without ratings, v2 with black stars, v3 with red ones (or SERVICE_VERSION; default: v1). "
                + "ENABLE_RATINGS and STAR_COLOR win over it.", valueName: "version"))
    var serviceVersion: String?

    func run() async throws {
        let service = try HTTPService(address, defaultPort: 9080)
        let (tls, context) = (try certificate.configuration(), try authority.context())
        func upstream(_ name: String) throws(Failure) -> Upstream { try .of(name, tls: context) }
        let router =
            switch role {
            case .productpage:
                ProductPage(
                    details: try upstream("details"), reviews: try upstream("reviews"), ratings: try upstream("ratings")
                ).router
            case .details: Details.router
            case .reviews: Reviews(stars: try stars(), ratings: try upstream("ratings")).router
            case .ratings: Ratings().router
            }
        try await service.run(router, tls: tls)
    }

    /// The colour of the stars; `nil` where reviews come without.
    private func stars() throws(Failure) -> String? {
        let version = Setting("--service-version", "SERVICE_VERSION").text(serviceVersion) ?? "v1"
        guard let standard = ["v1": nil, "v2": "black", "v3": "red"][version] else {
            throw Failure("SERVICE_VERSION \(version): write v1, v2 or v3")
        }
        let isRated = Terminal.environment("ENABLE_RATINGS").map { $0.lowercased() == "true" } ?? (standard != nil)
        return isRated ? Terminal.environment("STAR_COLOR") ?? standard ?? "black" : nil
    }
}
