#pragma once
#include <nats/nats.h>

/// Loads libnats, the first time that it is asked.
/// Returns: why it can't be; NULL where it is there. No other function is to be called before.
const char *_Nullable tapedeck_nats_fault(void);
