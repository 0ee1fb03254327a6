/* Else struct timeval is this module's as well as Glibc's, and who uses it without importing this one may not. */
#pragma clang module import SwiftGlibc
#include <hiredis/hiredis.h>
