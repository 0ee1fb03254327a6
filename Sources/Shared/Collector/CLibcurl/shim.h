#include <curl/curl.h>

/* curl_easy_setopt takes variable arguments, which Swift can't call. */
static inline CURLcode tapedeck_curl_text(CURL *handle, CURLoption option, const char *value)
{
	return curl_easy_setopt(handle, option, value);
}

static inline CURLcode tapedeck_curl_number(CURL *handle, CURLoption option, long value)
{
	return curl_easy_setopt(handle, option, value);
}

static inline CURLcode tapedeck_curl_headers(CURL *handle, struct curl_slist *headers)
{
	return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

/* The bytes are copied. */
static inline CURLcode tapedeck_curl_post(CURL *handle, const void *bytes, long count)
{
	CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, count);

	return code ? code : curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}

static inline CURLcode tapedeck_curl_body(CURL *handle, curl_write_callback callback, void *context)
{
	CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, callback);

	return code ? code : curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

static inline CURLcode tapedeck_curl_header(CURL *handle, curl_write_callback callback, void *context)
{
	CURLcode code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, callback);

	return code ? code : curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
}

static inline CURLcode tapedeck_curl_progress(CURL *handle, curl_xferinfo_callback callback, void *context)
{
	CURLcode code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, callback);

	return code ? code : curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
}

static inline long tapedeck_curl_status(CURL *handle)
{
	long status = 0;

	curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	return status;
}
