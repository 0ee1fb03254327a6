#pragma once

// The functions keep the names that libnats gives them, and their symbols have others: a program may link libnats, too, and
// neither its calls nor the library's own are to come here.
#define PRAGMA(text) _Pragma(#text)
#define FORWARDED(name) PRAGMA(redefine_extname name tapedeck_##name)
FORWARDED(natsOptions_Create)
FORWARDED(natsOptions_SetURL)
FORWARDED(natsOptions_SetName)
FORWARDED(natsOptions_SetTimeout)
FORWARDED(natsOptions_SetAllowReconnect)
FORWARDED(natsOptions_SetSecure)
FORWARDED(natsOptions_SetExpectedHostname)
FORWARDED(natsOptions_Destroy)
FORWARDED(natsConnection_Connect)
FORWARDED(natsConnection_GetMaxPayload)
FORWARDED(natsConnection_JetStream)
FORWARDED(natsConnection_Destroy)
FORWARDED(jsOptions_Init)
FORWARDED(jsPubOptions_Init)
FORWARDED(jsSubOptions_Init)
FORWARDED(jsStreamConfig_Init)
FORWARDED(js_GetStreamInfo)
FORWARDED(js_AddStream)
FORWARDED(js_Publish)
FORWARDED(js_SubscribeSync)
FORWARDED(jsPubAck_Destroy)
FORWARDED(jsStreamInfo_Destroy)
FORWARDED(jsCtx_Destroy)
FORWARDED(natsSubscription_NextMsg)
FORWARDED(natsSubscription_GetConsumerInfo)
FORWARDED(natsSubscription_Destroy)
FORWARDED(jsConsumerInfo_Destroy)
FORWARDED(natsMsg_GetSubject)
FORWARDED(natsMsg_GetData)
FORWARDED(natsMsg_GetDataLength)
FORWARDED(natsMsg_GetMetaData)
FORWARDED(natsMsgHeader_Get)
FORWARDED(jsMsgMetaData_Destroy)
FORWARDED(natsMsg_Destroy)
FORWARDED(natsStatus_GetText)
FORWARDED(nats_GetLastError)
#undef FORWARDED
#undef PRAGMA

#include <nats/nats.h>

/// Loads libnats, the first time that it is asked.
/// Returns: why it can't be; NULL where it is there. No other function is to be called before.
const char *_Nullable tapedeck_nats_fault(void);
