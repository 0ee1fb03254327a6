#pragma once

// The functions keep the names that libcurl gives them, and their symbols have others: a program may link libcurl, too, and
// neither its calls nor the library's own are to come here.
#define PRAGMA(text) _Pragma(#text)
#define FORWARDED(name) PRAGMA(redefine_extname name tapedeck_##name)
FORWARDED(curl_easy_init)
FORWARDED(curl_easy_cleanup)
FORWARDED(curl_easy_perform)
FORWARDED(curl_easy_strerror)
FORWARDED(curl_slist_append)
FORWARDED(curl_slist_free_all)
#undef FORWARDED
#undef PRAGMA

#include <curl/curl.h>

/// Loads libcurl, the first time that it is asked.
/// Returns: why it can't be; NULL where it is there. No other function is to be called before.
const char *tapedeck_curl_fault(void);

// `curl_easy_setopt` and `curl_easy_getinfo` take variable arguments, which Swift can't call.
CURLcode tapedeck_curl_text(CURL *handle, CURLoption option, const char *value);
CURLcode tapedeck_curl_number(CURL *handle, CURLoption option, long value);
CURLcode tapedeck_curl_headers(CURL *handle, struct curl_slist *headers);
/// The bytes are copied.
CURLcode tapedeck_curl_post(CURL *handle, const void *bytes, long count);
CURLcode tapedeck_curl_body(CURL *handle, curl_write_callback callback, void *context);
CURLcode tapedeck_curl_header(CURL *handle, curl_write_callback callback, void *context);
CURLcode tapedeck_curl_progress(CURL *handle, curl_xferinfo_callback callback, void *context);
long tapedeck_curl_status(CURL *handle);
