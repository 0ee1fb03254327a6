// What of libnats is used, each function by its own name: it is looked for when it is called, and the library is loaded when
// the first of them is needed. Who reads a capture does not wait for it, and needs none on the machine; the structures are
// those of one version, so that no other is taken.
#include "CNatsOnDemand.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#define LIBRARY "libnats.so.3.4"
#if NATS_VERSION_MAJOR != 3 || NATS_VERSION_MINOR != 4
#error "nats.h is of another version than the library that is loaded: change its name here"
#endif

static void *library;
static const char *fault;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) fault = LIBRARY " is not on this machine; install libnats3.4, or take the tar.gz, which brings it";
}

const char *tapedeck_nats_fault(void) {
    pthread_once(&once, load);
    return fault;
}

static void *find(const char *name) {
    void *function = library ? dlsym(library, name) : NULL;
    if (!function) abort(); // Whoever calls has asked for the fault, and the version has them all.
    return function;
}

#define FORWARD(type, name, parameters, arguments) \
    type name parameters { return ((__typeof__(&name))find(#name))arguments; }
#define FORWARD_VOID(name, type) \
    void name(type *it) { ((__typeof__(&name))find(#name))(it); }
#define FORWARD_INIT(name, type) FORWARD(natsStatus, name, (type * it), (it))

FORWARD(natsStatus, natsOptions_Create, (natsOptions * *made), (made))
FORWARD(natsStatus, natsOptions_SetURL, (natsOptions * it, const char *url), (it, url))
FORWARD(natsStatus, natsOptions_SetName, (natsOptions * it, const char *name), (it, name))
FORWARD(natsStatus, natsOptions_SetTimeout, (natsOptions * it, int64_t time), (it, time))
FORWARD(natsStatus, natsOptions_SetAllowReconnect, (natsOptions * it, bool is), (it, is))
FORWARD(natsStatus, natsOptions_SetSecure, (natsOptions * it, bool is), (it, is))
FORWARD(natsStatus, natsOptions_SetExpectedHostname, (natsOptions * it, const char *name), (it, name))
FORWARD_VOID(natsOptions_Destroy, natsOptions)

FORWARD(natsStatus, natsConnection_Connect, (natsConnection * *made, natsOptions *options), (made, options))
FORWARD(int64_t, natsConnection_GetMaxPayload, (natsConnection * it), (it))
FORWARD(natsStatus, natsConnection_JetStream, (jsCtx * *made, natsConnection *it, jsOptions *options),
        (made, it, options))
FORWARD_VOID(natsConnection_Destroy, natsConnection)

FORWARD_INIT(jsOptions_Init, jsOptions)
FORWARD_INIT(jsPubOptions_Init, jsPubOptions)
FORWARD_INIT(jsSubOptions_Init, jsSubOptions)
FORWARD_INIT(jsStreamConfig_Init, jsStreamConfig)
FORWARD(natsStatus, js_GetStreamInfo,
        (jsStreamInfo * *found, jsCtx *it, const char *stream, jsOptions *options, jsErrCode *code),
        (found, it, stream, options, code))
FORWARD(natsStatus, js_AddStream,
        (jsStreamInfo * *made, jsCtx *it, jsStreamConfig *configuration, jsOptions *options, jsErrCode *code),
        (made, it, configuration, options, code))
FORWARD(natsStatus, js_Publish,
        (jsPubAck * *answer, jsCtx *it, const char *subject, const void *bytes, int count, jsPubOptions *options,
         jsErrCode *code),
        (answer, it, subject, bytes, count, options, code))
FORWARD(natsStatus, js_SubscribeSync,
        (natsSubscription * *made, jsCtx *it, const char *subject, jsOptions *options, jsSubOptions *more,
         jsErrCode *code),
        (made, it, subject, options, more, code))
FORWARD_VOID(jsPubAck_Destroy, jsPubAck)
FORWARD_VOID(jsStreamInfo_Destroy, jsStreamInfo)
FORWARD_VOID(jsCtx_Destroy, jsCtx)

FORWARD(natsStatus, natsSubscription_NextMsg, (natsMsg * *found, natsSubscription *it, int64_t time),
        (found, it, time))
FORWARD(natsStatus, natsSubscription_GetConsumerInfo,
        (jsConsumerInfo * *found, natsSubscription *it, jsOptions *options, jsErrCode *code),
        (found, it, options, code))
FORWARD_VOID(natsSubscription_Destroy, natsSubscription)
FORWARD_VOID(jsConsumerInfo_Destroy, jsConsumerInfo)

FORWARD(const char *, natsMsg_GetSubject, (const natsMsg *it), (it))
FORWARD(const char *, natsMsg_GetData, (const natsMsg *it), (it))
FORWARD(int, natsMsg_GetDataLength, (const natsMsg *it), (it))
FORWARD(natsStatus, natsMsg_GetMetaData, (jsMsgMetaData * *found, natsMsg *it), (found, it))
FORWARD(natsStatus, natsMsgHeader_Get, (natsMsg * it, const char *key, const char **found), (it, key, found))
FORWARD_VOID(jsMsgMetaData_Destroy, jsMsgMetaData)
FORWARD_VOID(natsMsg_Destroy, natsMsg)

FORWARD(const char *, natsStatus_GetText, (natsStatus status), (status))
FORWARD(const char *, nats_GetLastError, (natsStatus * status), (status))
