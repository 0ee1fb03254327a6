// What of libcurl is used, each function by its own name: it is looked for when it is called, and the library, which brings a
// score of others, is loaded when the first of them is needed. Who reads a capture does not wait for them, and needs none.
#define CURL_DISABLE_TYPECHECK
#include "CCurlOnDemand.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

// The name has been this one since 2006; what it has, it keeps.
#define LIBRARY "libcurl.so.4"

static void *library;
static const char *fault;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) fault = LIBRARY " is not on this machine; install libcurl4, or take the tar.gz, which brings it";
}

const char *tapedeck_curl_fault(void) {
    pthread_once(&once, load);
    return fault;
}

static void *find(const char *name) {
    void *function = library ? dlsym(library, name) : NULL;
    if (!function) abort(); // Whoever calls has asked for the fault, and every version has them all.
    return function;
}

#define FORWARD(type, name, parameters, arguments) \
    type name parameters { return ((__typeof__(&name))find(#name))arguments; }
#define FORWARD_VOID(name, type) \
    void name(type *it) { ((__typeof__(&name))find(#name))(it); }

FORWARD(CURL *, curl_easy_init, (void), ())
FORWARD(CURLcode, curl_easy_perform, (CURL * it), (it))
FORWARD(const char *, curl_easy_strerror, (CURLcode code), (code))
FORWARD(struct curl_slist *, curl_slist_append, (struct curl_slist * it, const char *text), (it, text))
FORWARD_VOID(curl_easy_cleanup, CURL)
FORWARD_VOID(curl_slist_free_all, struct curl_slist)

#undef curl_easy_setopt
#undef curl_easy_getinfo
#define SET(handle, option, value) ((__typeof__(&curl_easy_setopt))find("curl_easy_setopt"))(handle, option, value)
#define SET_CALLBACK(handle, option, callback, context) \
    CURLcode code = SET(handle, CURLOPT_##option##FUNCTION, callback); \
    return code ? code : SET(handle, CURLOPT_##option##DATA, context)

CURLcode tapedeck_curl_text(CURL *handle, CURLoption option, const char *value) { return SET(handle, option, value); }

CURLcode tapedeck_curl_number(CURL *handle, CURLoption option, long value) { return SET(handle, option, value); }

CURLcode tapedeck_curl_headers(CURL *handle, struct curl_slist *headers) {
    return SET(handle, CURLOPT_HTTPHEADER, headers);
}

CURLcode tapedeck_curl_post(CURL *handle, const void *bytes, long count) {
    CURLcode code = SET(handle, CURLOPT_POSTFIELDSIZE, count);
    return code ? code : SET(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}

CURLcode tapedeck_curl_body(CURL *handle, curl_write_callback callback, void *context) {
    SET_CALLBACK(handle, WRITE, callback, context);
}

CURLcode tapedeck_curl_header(CURL *handle, curl_write_callback callback, void *context) {
    SET_CALLBACK(handle, HEADER, callback, context);
}

CURLcode tapedeck_curl_progress(CURL *handle, curl_xferinfo_callback callback, void *context) {
    SET_CALLBACK(handle, XFERINFO, callback, context);
}

long tapedeck_curl_status(CURL *handle) {
    long status = 0;
    ((__typeof__(&curl_easy_getinfo))find("curl_easy_getinfo"))(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
