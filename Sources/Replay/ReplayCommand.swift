import Shared

@main
struct ReplayCommand {
    static func main() {}
}
