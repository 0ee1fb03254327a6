/*
 * The commit that a program was built from: .ci/swift has the linker put it in, so that a new commit costs a link and
 * compiles nothing. What was built in another way has none.
 */
extern const char tapedeck_commit[] __attribute__((weak));

static inline const char *tapedeck_commit_or_null(void)
{
	return tapedeck_commit;
}
