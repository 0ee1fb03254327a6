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

static inline CURLcode tapedeck_curl_receiver(CURL *handle, curl_write_callback callback, void *context)
{
	CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, callback);

	return code ? code : curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

static inline long tapedeck_curl_status(CURL *handle)
{
	long status = 0;

	curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	return status;
}
