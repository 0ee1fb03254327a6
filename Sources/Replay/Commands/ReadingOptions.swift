import ArgumentParser
import Console
import Shared

/// How tapes are read by commands that want what is made of them, and no event log.
struct ReadingOptions: ParsableArguments {
    @OptionGroup var names: NameOptions

    @OptionGroup var containers: ContainerOptions

    @OptionGroup var paths: PathOptions

    @OptionGroup var keys: KeyOptions

    @OptionGroup var period: PeriodOptions

    /// A run with these options, which shows how far it is.
    func replaying() throws(Failure) -> Replaying {
        var replaying = Replaying()
        replaying.options.names = try names.read()
        replaying.options.containers = try containers.read()
        replaying.options.paths = try paths.read()
        replaying.options.secrets = try keys.read()
        replaying.options.period = try period.read()
        replaying.options.eventLog = false
        replaying.options.environments = false
        replaying.showsProgress = true
        return replaying
    }
}
