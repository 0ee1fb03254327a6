#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/x509.h>

// A macro of casts, which Swift does not see.
static const unsigned long CCRYPTO_NAME_RFC2253 = XN_FLAG_RFC2253;
