/*
 * Tells the thread sanitizer of Swift's Mutex. What takes one that is free is compiled into our code, where the sanitizer
 * sees it; who has to wait for one calls the library, where it sees nothing and takes what follows for a race.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SELF __attribute__((swift_context)) void *self
#define SWIFT __attribute__((swiftcall))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

/* Of the program's own runtime; there is none in a program that is not sanitized. */
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

/* Synchronization._MutexHandle._lockSlow(UInt32) */
SWIFT void lock(uint32_t thread, SELF) __asm__(LOCK);
SWIFT void lock(uint32_t thread, SELF)
{
	((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(thread, self);
	if (__tsan_acquire)
		__tsan_acquire(self);
}

/* Synchronization._MutexHandle._unlockSlow() */
SWIFT void unlock(SELF) __asm__(UNLOCK);
SWIFT void unlock(SELF)
{
	if (__tsan_release)
		__tsan_release(self);
	((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(self);
}
